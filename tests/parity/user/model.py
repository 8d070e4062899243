"""The modules that are trained on both sides."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassAUROC,
    MulticlassF1Score,
    MulticlassPrecision,
)


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


class Noisy(Net):
    """Adds noise that the step makes itself, in the number format of new tensors."""

    def training_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        noise = torch.randn(x.shape)
        resolution = torch.tensor(torch.finfo(noise.dtype).eps)
        return {"loss": F.cross_entropy(self(x + noise), y), "resolution": resolution}


class Parts(Net):
    """Uses its layers in the step, beside forward."""

    def training_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        return {"loss": F.cross_entropy(self.out(F.relu(self.hidden(x))), y)}


class Half(Net):
    """Its own optimizer has the last layer only; the gradients of the first are never cleared."""

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.out.parameters(), lr=0.1)


class Normed(Net):
    """With batch norm, whose statistics are buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(6)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.norm(x))


class NormedInside(Net):
    """With batch norm whose statistics depend on the weights, and not on dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(16)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.dropout(F.relu(self.norm(self.hidden(x)))))


class Frozen(Normed):
    """Its batch norm, which comes in evaluation mode, is put there again when fitting starts."""

    def on_fit_start(self) -> None:
        self.norm.eval()


class Masked(Net):
    """Counts the samples that are not of class 0 alone, and draws no random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout.p = 0.0

    def counted(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        losses = F.cross_entropy(self(x), y, ignore_index=0, reduction="sum")
        counted = (y != 0).sum()
        return {"loss": losses / counted.clamp(min=1), "counted": counted}

    def training_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.counted(batch)

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.counted(batch)


class Ignored(Masked):
    """As Masked, with a loss of NaN where no sample counts; its gradients are zeros, then."""

    def counted(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        loss = F.cross_entropy(self(x), y, ignore_index=0)
        return {"loss": loss, "counted": (y != 0).sum()}


class MaskedEnds(Masked):
    """Notes what the hooks at the end of a batch are given."""

    ended: ClassVar[list[tuple[str, list[str]]]] = []

    def on_train_batch_end(self, outputs: dict[str, Tensor]) -> None:
        self.ended.append(("train", sorted(outputs)))

    def on_validation_batch_end(self, outputs: dict[str, Tensor] | None) -> None:
        self.ended.append(("validation", sorted(outputs or ())))


class Counting(Net):
    """Returns a buffer that its next step changes."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("steps", torch.zeros(1))

    def training_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        self.steps += 1
        x, y = batch
        return {"loss": F.cross_entropy(self(x), y), "steps": self.steps}


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

    def __init__(self, scores: str) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(()))
        self.scores = [float(score) for score in scores.split()]
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


class Hooked(Toy):
    """A toy that notes which hooks are called, in their order."""

    calls: ClassVar[list[str]] = []

    def on_fit_start(self) -> None:
        self.calls.append("fit_start")

    def on_fit_end(self) -> None:
        self.calls.append("fit_end")

    def on_train_start(self) -> None:
        self.calls.append("train_start")

    def on_train_end(self) -> None:
        self.calls.append("train_end")

    def on_train_epoch_start(self) -> None:
        self.calls.append("train_epoch_start")

    def on_train_epoch_end(self) -> None:
        self.calls.append("train_epoch_end")

    def on_train_batch_start(self) -> None:
        self.calls.append("train_batch_start")

    def on_train_batch_end(self) -> None:
        self.calls.append(f"train_batch_end {self.w.item()}")

    def on_before_zero_grad(self) -> None:
        self.calls.append("before_zero_grad")

    def on_before_backward(self) -> None:
        self.calls.append("before_backward")

    def on_after_backward(self) -> None:
        self.calls.append(f"after_backward {self.w.grad}")

    def on_before_optimizer_step(self) -> None:
        self.calls.append(f"before_optimizer_step {self.w.grad}")

    def on_validation_start(self) -> None:
        self.calls.append("validation_start")

    def on_validation_end(self) -> None:
        self.calls.append("validation_end")

    def on_validation_epoch_start(self) -> None:
        self.calls.append("validation_epoch_start")

    def on_validation_epoch_end(self) -> None:
        self.calls.append("validation_epoch_end")

    def on_validation_batch_start(self) -> None:
        self.calls.append("validation_batch_start")

    def on_validation_batch_end(self) -> None:
        self.calls.append("validation_batch_end")


class HookedEverywhere(Hooked):
    """One with every other hook too, and the steps of all tasks."""

    def setup(self, stage: str) -> None:
        self.calls.append("setup " + stage)

    def configure_model(self) -> None:
        self.calls.append("configure_model")

    def teardown(self, stage: str) -> None:
        self.calls.append("teardown " + stage)

    def on_before_batch_transfer(self, batch: list[Tensor]) -> list[Tensor]:
        self.calls.append(f"before_batch_transfer {batch[0]}")
        return [batch[0] + 1]

    def transfer_batch_to_device(self, batch: list[Tensor], device: torch.device) -> list[Tensor]:
        self.calls.append(f"transfer_batch {batch[0]} {device}")
        return [batch[0].to(device) * 2]

    def on_after_batch_transfer(self, batch: list[Tensor]) -> list[Tensor]:
        self.calls.append(f"after_batch_transfer {batch[0]}")
        return [batch[0] / 3]

    def test_step(self, batch: list[Tensor]) -> dict[str, Tensor]:
        self.calls.append(f"test_step {batch[0].tolist()}")
        return {"x": batch[0].mean()}

    def predict_step(self, batch: list[Tensor]) -> Tensor:
        self.calls.append(f"predict_step {batch[0].tolist()}")
        return batch[0]

    def on_validation_model_zero_grad(self) -> None:
        self.calls.append("validation_model_zero_grad")

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.calls.append("load_checkpoint")

    def on_test_start(self) -> None:
        self.calls.append("test_start")

    def on_test_end(self) -> None:
        self.calls.append("test_end")

    def on_test_epoch_start(self) -> None:
        self.calls.append("test_epoch_start")

    def on_test_epoch_end(self) -> None:
        self.calls.append("test_epoch_end")

    def on_test_batch_start(self) -> None:
        self.calls.append("test_batch_start")

    def on_test_batch_end(self) -> None:
        self.calls.append("test_batch_end")

    def on_predict_start(self) -> None:
        self.calls.append("predict_start")

    def on_predict_end(self) -> None:
        self.calls.append("predict_end")

    def on_predict_epoch_start(self) -> None:
        self.calls.append("predict_epoch_start")

    def on_predict_epoch_end(self) -> None:
        self.calls.append("predict_epoch_end")

    def on_predict_batch_start(self) -> None:
        self.calls.append("predict_batch_start")

    def on_predict_batch_end(self) -> None:
        self.calls.append("predict_batch_end")


class HookedCurve(Hooked):
    """One whose loss has a lowest point, so that a line search evaluates it several times."""

    def training_step(self, batch: tuple[Tensor]) -> dict[str, Tensor]:
        return {"loss": ((self.w * batch[0] - 2) ** 2).mean()}


class Staged(nn.Module):
    """Notes the batches that each of its steps is given."""

    seen: ClassVar[dict[str, list[list[float]]]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(()))

    def note(self, stage: str, batch: tuple[Tensor]) -> Tensor:
        self.seen.setdefault(stage, []).append(batch[0].tolist())
        return (self.w * batch[0]).mean()

    def training_step(self, batch: tuple[Tensor]) -> Tensor:
        return self.note("fit", batch)

    def validation_step(self, batch: tuple[Tensor]) -> dict[str, Tensor]:
        return {"loss": self.note("validate", batch)}

    def test_step(self, batch: tuple[Tensor]) -> dict[str, Tensor]:
        return {"loss": self.note("test", batch)}

    def predict_step(self, batch: tuple[Tensor]) -> Tensor:
        return self.note("predict", batch)


class Measured(Net):
    """With objects of torchmetrics: counts, a mean, a collection, and lists of all samples."""

    def __init__(self) -> None:
        super().__init__()
        self.train_accuracy = MulticlassAccuracy(3, average="micro")
        self.train_mean = MeanMetric()
        self.val_scores = MetricCollection([MulticlassPrecision(3), MulticlassF1Score(3)])
        self.val_curve = MulticlassAUROC(3)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        logits = self(x)
        loss = F.cross_entropy(logits, y)
        self.train_accuracy(logits, y)
        self.train_mean.update(loss.detach(), weight=len(y))
        return {"loss": loss}

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        logits = self(x)
        self.val_scores.update(logits, y)
        self.val_curve.update(logits, y)
        return {"loss": F.cross_entropy(logits, y)}

    def on_train_epoch_end(self) -> dict[str, Tensor]:
        return {"accuracy": self.train_accuracy.compute(), "mean": self.train_mean.compute()}

    def on_validation_epoch_end(self) -> dict[str, Tensor]:
        return {**self.val_scores.compute(), "curve": self.val_curve.compute()}


class Ends(Net):
    """Notes the batches that its evaluations have ended."""

    ended: ClassVar[list[int]] = []

    def test_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.validation_step(batch)

    def predict_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        x, _ = batch
        return self(x)

    def on_validation_batch_end(self, batch: tuple[Tensor, Tensor]) -> None:
        self.ended.append(len(batch[0]))

    def on_test_batch_end(self, batch: tuple[Tensor, Tensor]) -> None:
        self.ended.append(len(batch[0]))

    def on_predict_batch_end(self, batch: tuple[Tensor, Tensor]) -> None:
        self.ended.append(len(batch[0]))


class Pair(nn.Module):
    """Two interacting models: one makes rows out of noise, the other tells them from real ones."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 6))
        self.discriminator = nn.Sequential(
            nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1)
        )

    def noise(self, x: Tensor) -> Tensor:
        return torch.randn(len(x), 4)

    def discriminator_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, _ = batch
        real = self.discriminator(x)
        fake = self.discriminator(self.generator(self.noise(x)))
        loss = F.softplus(-real).mean() + F.softplus(fake).mean()
        return {"loss": loss, "real": real.mean()}

    def generator_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        fake = self.generator(self.noise(batch[0]))
        return F.softplus(-self.discriminator(fake)).mean()

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return {"real": self.discriminator(batch[0]).mean()}


class Tied(Pair):
    """The first layers of both have one bias."""

    def __init__(self) -> None:
        super().__init__()
        self.discriminator[0].bias = self.generator[0].bias


class Quiet(Pair):
    """Draws no random numbers, so that a batch gives the same on one rank and on two."""

    def __init__(self) -> None:
        super().__init__()
        self.discriminator[2] = nn.Identity()

    def noise(self, x: Tensor) -> Tensor:
        return x[:, :4]


class Encoded(Pair):
    """Its encoder is trained by both blocks, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(6, 4)

    def noise(self, x: Tensor) -> Tensor:
        return self.encoder(x)


class Tuned(Net):
    """A head on a backbone with batch norm and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(16, 8)
        self.backbone = nn.Sequential(
            nn.Linear(6, 12), nn.BatchNorm1d(12), nn.Dropout(0.2), nn.Linear(12, 16)
        )
        self.out = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.backbone(x))


class PartlyFrozen(Tuned):
    """With a layer of the backbone that the model freezes itself."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone[0].requires_grad_(False)


class Plain(nn.Module):
    """A backbone and a head with nothing random and no statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.all = nn.Module()
        self.backbone = self.all.backbone = nn.Linear(6, 16)
        self.all.out = nn.Linear(16, 3)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        return {"loss": F.cross_entropy(self.all.out(F.relu(self.backbone(x))), y)}

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.training_step(batch)
