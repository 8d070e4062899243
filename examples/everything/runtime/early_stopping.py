"""Ends training when a metric stops improving."""

import math
from collections.abc import Mapping
from typing import Any

from runtime.monitor_value import monitor_value


class EarlyStopping:
    """Watches a metric: should_stop is set when training is to end, reason says why.

    patience counts validations without an improvement of more than min_delta.
    """

    def __init__(
        self,
        monitor: str,
        *,
        mode: str = "min",
        patience: int = 3,
        min_delta: float = 0.0,
        check_finite: bool = True,
        stopping_threshold: float | None = None,
        divergence_threshold: float | None = None,
    ) -> None:
        self.monitor = monitor
        self.sign = 1.0 if mode == "min" else -1.0
        self.patience = patience
        self.min_delta = min_delta
        self.check_finite = check_finite
        self.stopping_threshold = stopping_threshold
        self.divergence_threshold = divergence_threshold
        self.best = self.sign * math.inf
        self.wait = 0
        self.should_stop = False
        self.out_of_patience = False
        self.reason = ""

    def better(self, value: float, than: float) -> bool:
        """Return whether the value is strictly better."""
        return self.sign * value < self.sign * than

    def update(self, metrics: Mapping[str, float]) -> None:
        """Judge the metrics of a validation."""
        value = monitor_value(metrics, self.monitor)
        if self.check_finite and not math.isfinite(value):
            self.stop(f"{self.monitor} is {value}")
        elif self.stopping_threshold is not None and self.better(value, self.stopping_threshold):
            self.stop(f"{self.monitor} {value} is better than {self.stopping_threshold}")
        elif self.divergence_threshold is not None and self.better(
            -value, -self.divergence_threshold
        ):
            self.stop(f"{self.monitor} {value} is worse than {self.divergence_threshold}")
        elif self.better(value + self.sign * self.min_delta, self.best):
            self.best = value
            self.wait = 0
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stop(f"{self.monitor} has not improved in {self.wait} validations")
                self.out_of_patience = True

    def stop(self, reason: str) -> None:
        """Ask for the end of training."""
        self.should_stop, self.out_of_patience = True, False
        self.reason = reason

    def state_dict(self) -> dict[str, Any]:
        """Return what later judgements depend on."""
        names = ("best", "wait", "should_stop", "out_of_patience", "reason")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state; with more patience than before also after a stop."""
        for name, value in state.items():
            setattr(self, name, value)
        if self.out_of_patience and self.wait < self.patience:
            self.should_stop, self.out_of_patience, self.reason = False, False, ""
