"""Keeps what draws random numbers from changing those of the training."""

from collections.abc import Iterator
from contextlib import contextmanager

from runtime.random_state import get_random_state, set_random_state


@contextmanager
def own_stream(device_type: str, needed: bool = True) -> Iterator[None]:
    """Put the random streams back, where needed, to what they were before the block."""
    state = get_random_state(device_type) if needed else None
    try:
        yield
    finally:
        if state is not None:
            set_random_state(state, device_type)
