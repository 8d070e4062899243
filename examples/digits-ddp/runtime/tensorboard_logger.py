"""Writes metrics for TensorBoard."""

from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter


class TensorBoardLogger:
    """Scalars in a folder for TensorBoard.

    purge_step hides what an earlier part of the same run logged from that step on.
    """

    def __init__(self, folder: Path, purge_step: int | None = None) -> None:
        self.writer = SummaryWriter(str(folder), purge_step=purge_step)

    def log(self, metrics: Mapping[str, float], *, step: int, epoch: int) -> None:
        """Write each metric, and the epoch, at the step."""
        for name, value in {**metrics, "epoch": epoch}.items():
            self.writer.add_scalar(name, value, step)
        self.writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self.writer.close()
