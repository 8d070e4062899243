"""The checkpoints of a model that every rank has whole: one rank writes them."""

from collections.abc import Mapping
from typing import Any

from runtime.checkpoints import Checkpoints
from runtime.from_main import from_main


class DistributedCheckpoints(Checkpoints):
    """As Checkpoints, but all ranks call save, and rank 0 writes for all."""

    def save(
        self,
        state: dict[str, Any],
        *,
        epoch: int,
        step: int,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Write the state that rank 0 has; the metrics of a validation let it compete."""
        from_main(super().save, state, epoch=epoch, step=step, metrics=metrics)
        self.step = step
