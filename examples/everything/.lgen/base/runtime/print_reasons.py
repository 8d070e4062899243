"""Says why training has ended."""

from typing import Protocol


class Stop(Protocol):
    """What may ask for the end of training."""

    should_stop: bool
    reason: str


def print_reasons(*stops: Stop) -> None:
    """Print the reason of each that asks for the end."""
    for stop in stops:
        if stop.should_stop:
            print(f"stopped: {stop.reason}")
