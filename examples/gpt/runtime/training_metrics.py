"""Means over the steps between two rows of the log, and over an epoch."""

import math
from collections.abc import Mapping, Sequence

from runtime.weighted_sums import PendingMetrics, Sums, add


class TrainingMetrics(PendingMetrics):
    """Sums of the training step's outputs, by what each batch weighs.

    Outputs stay on the device until something is asked for. Values are added one after the other
    in float64, so it does not matter when they are read. `losses` are the outputs that are losses.
    """

    def __init__(self, losses: Sequence[str] = ("loss",)) -> None:
        super().__init__()
        self.losses = losses
        self.interval: Sums = {}
        self.epoch: Sums = {}
        self.nonfinite_step: int | None = None

    def read(self) -> None:
        """Read what is pending, and note the first step whose loss is no number.

        What weighs nothing, such as the mean over no tokens, does not count.
        """
        readings = self.take()
        losses = [reading for name in self.losses for reading in readings.get(name, [])]
        bad_steps = [step for loss, weight, step in losses if weight and not math.isfinite(loss)]
        add(self.interval, readings)
        add(self.epoch, readings)
        if bad_steps and self.nonfinite_step is None:
            self.nonfinite_step = min(bad_steps)

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
