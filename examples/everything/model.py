"""A classifier with every step, and with hooks that show where things happen."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """A layer with a residual connection."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.linear(self.norm(x)).relu()


class Classifier(nn.Module):
    """A few blocks between two layers."""

    def __init__(self, width: int = 64, blocks: int = 2) -> None:
        super().__init__()
        self.enter = nn.Linear(32, width)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.leave = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.leave(self.blocks(self.enter(x)))

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        return self.measured(batch)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        return self.measured(batch)

    def test_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.measured(batch)

    def predict_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self(batch[0]).argmax(dim=1)

    def measured(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        points, labels = batch
        logits = self(points)
        return {
            "loss": F.cross_entropy(logits, labels),
            "acc": (logits.argmax(dim=1) == labels).float().mean(),
            "num_samples": torch.tensor(len(labels)),
        }

    def on_train_start(self) -> None:
        """Before the first epoch."""

    def on_train_epoch_start(self, epoch: int) -> None:
        """Before the first batch of an epoch."""

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Before the gradients are clipped."""

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """After the training step of a batch, and after the optimizer step where it makes one."""

    def on_train_epoch_end(self, epoch: int, log: Any) -> None:
        """After the last batch of an epoch and its validation."""
        log.text("epochs", f"epoch {epoch} is over")

    def on_train_end(self) -> None:
        """After the last epoch."""

    def on_validation_start(self) -> None:
        """Before the first validation batch of a set."""
        self.worst = 0.0

    def on_validation_batch_end(self, outputs: Any, batch: Any) -> None:
        """After a validation batch."""
        self.worst = max(self.worst, float(outputs["loss"]))

    def on_validation_epoch_end(self) -> dict[str, float]:
        """Metrics that are no means over batches.

        Each rank has seen a part of them, and the mean of what the ranks return is logged.
        """
        worst = torch.tensor(self.worst)
        dist.all_reduce(worst, dist.ReduceOp.MAX)
        return {"worst_loss": float(worst)}
