"""The modules that are trained on both sides."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Net(nn.Module):
    """A classifier with dropout, which draws random numbers in every training step."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(6, 16)
        self.dropout = nn.Dropout(0.3)
        self.out = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.dropout(F.relu(self.hidden(x))))

    def training_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        logits = self(x)
        # the resolution of numbers tells the number format of the forward pass
        resolution = torch.tensor(torch.finfo(logits.dtype).eps)
        return {"loss": F.cross_entropy(logits, y), "resolution": resolution}

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        return {"loss": F.cross_entropy(self(x), y)}


class Toy(nn.Module):
    """One weight w, whose gradient is the mean of the batch."""

    weights: ClassVar[list[float]] = []  # w after each batch
    samples: ClassVar[list[float]] = []

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(()))

    def training_step(self, batch: tuple[Tensor]) -> dict[str, Tensor]:
        self.samples.extend(batch[0].tolist())
        return {"loss": (self.w * batch[0]).mean()}

    def validation_step(self, batch: tuple[Tensor]) -> dict[str, Tensor]:
        return {"x": batch[0].mean()}

    def on_train_batch_end(self) -> None:
        self.weights.append(self.w.item())


class Scripted(nn.Module):
    """One weight, and a validation that gives one score after the other."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(()))
        self.scores = scores
        self.validations = 0

    def training_step(self, batch: tuple[Tensor]) -> dict[str, Tensor]:
        return {"loss": (self.w * batch[0]).mean()}

    def validation_step(self, batch: tuple[Tensor]) -> dict[str, Tensor]:
        self.validations += 1
        return {"loss": torch.tensor(self.scores[self.validations - 1])}


class Unready(Net):
    """A net whose parts come in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.eval()
