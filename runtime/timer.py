"""Ends training when its time is over."""

import time
from collections.abc import Mapping


class Timer:
    """Counts the seconds of a run and of the parts that it was resumed from.

    should_stop, which train.py sets, says whether training is to end, and reason says why.
    """

    def __init__(self, max_time: float) -> None:
        self.max_time = max_time
        self.started_at = time.monotonic()
        self.should_stop = False
        self.reason = f"max_time of {max_time:g} s is over"

    def elapsed(self) -> float:
        """Return the seconds of all parts so far."""
        return time.monotonic() - self.started_at

    def is_up(self) -> bool:
        """Return whether the time is over."""
        return self.elapsed() >= self.max_time

    def state_dict(self) -> dict[str, float]:
        """Return the seconds so far."""
        return {"elapsed": self.elapsed()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Count the earlier parts too; a state without seconds is of a run that did not count."""
        elapsed = state.get("elapsed", 0.0)
        self.started_at = time.monotonic() - elapsed
        self.should_stop = elapsed >= self.max_time
