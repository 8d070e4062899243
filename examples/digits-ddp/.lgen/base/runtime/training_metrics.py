"""Means over the steps between two rows of the log, and over an epoch."""

import math
from collections.abc import Mapping
from typing import Any

from runtime.weighted_sums import MAX_PENDING, PendingMetrics, Sums, add


class TrainingMetrics:
    """Sums of the training step's outputs, weighted by samples.

    Outputs stay on the device until something is asked for. Values are added one after the other
    in float64, so it does not matter when they are read.
    """

    def __init__(self) -> None:
        self.pending = PendingMetrics()
        self.interval: Sums = {}
        self.epoch: Sums = {}
        self.nonfinite_step: int | None = None

    def append(self, outputs: Mapping[str, Any], weight: float, step: int) -> None:
        """Add the outputs of a batch of the step, which weighs as much as it has samples."""
        self.pending.append(outputs, weight, step)
        if len(self.pending.batches) >= MAX_PENDING:
            self.read()

    def read(self) -> None:
        """Read what is pending, and note the first step whose loss is no number."""
        for values, weight, step in self.pending.read():
            add(self.interval, values, weight)
            add(self.epoch, values, weight)
            if self.nonfinite_step is None and not math.isfinite(values["loss"]):
                self.nonfinite_step = step

    def interval_sums(self) -> Sums:
        """Return the sums since the last call."""
        self.read()
        sums, self.interval = self.interval, {}
        return sums

    def epoch_sums(self) -> Sums:
        """Return the sums since the epoch's start, and start anew."""
        self.read()
        sums, self.epoch = self.epoch, {}
        return sums

    def state_dict(self) -> dict[str, Sums]:
        """Return the sums so far."""
        self.read()
        return {"interval": dict(self.interval), "epoch": dict(self.epoch)}

    def load_state_dict(self, state: Mapping[str, Sums]) -> None:
        """Go on from saved sums."""
        self.interval, self.epoch = dict(state["interval"]), dict(state["epoch"])
