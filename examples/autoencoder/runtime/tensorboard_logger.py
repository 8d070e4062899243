"""Writes metrics for TensorBoard."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

EVENTS = "events.out.tfevents.*"


class TensorBoardLogger:
    """Scalars in a folder for TensorBoard.

    purge_step tells a TensorBoard that is open to forget what an earlier part of the same run
    logged from that step on.
    """

    def __init__(self, folder: Path, purge_step: int | None = None) -> None:
        self.folder = folder
        self.purge_step = purge_step
        self.earlier = self.files()
        self.step = -1

    @cached_property
    def writer(self) -> SummaryWriter:
        """torch's writer, whose file is there from the first time on that something is logged."""
        return SummaryWriter(str(self.folder), purge_step=self.purge_step)

    def log(self, metrics: Mapping[str, float], *, step: int, epoch: int) -> None:
        """Write each metric, and the epoch once, at the step."""
        for name, value in metrics.items():
            self.writer.add_scalar(name, value, step)
        if step != self.step:
            self.writer.add_scalar("epoch", epoch, step)
        self.step = step
        self.flush()

    def state_dict(self) -> dict[str, Any]:
        """Return how much lies in each file so far."""
        self.flush()
        sizes = {str(p.relative_to(self.folder)): p.stat().st_size for p in self.files()}
        return {"sizes": sizes, "step": self.step}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Drop what earlier parts of the run wrote after the state was saved."""
        for path in self.earlier:
            size = state["sizes"].get(str(path.relative_to(self.folder)), 0)
            if size == 0:
                path.unlink(missing_ok=True)
            elif size < path.stat().st_size:
                os.truncate(path, size)
        self.step = state["step"]

    def drop_after(self, step: int) -> None:
        """Leave the files as they are: purge_step hides what they hold of later steps."""

    def files(self) -> list[Path]:
        """Return the files of events, those of earlier parts of the run too."""
        return sorted(self.folder.rglob(EVENTS))

    def close(self) -> None:
        """Write what is left."""
        if "writer" in self.__dict__:
            self.writer.close()

    def flush(self) -> None:
        """Hand all that was logged to the operating system."""
        if "writer" in self.__dict__:
            self.writer.flush()
