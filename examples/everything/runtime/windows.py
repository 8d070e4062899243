"""Windows of batches whose gradients make one optimizer step."""

from collections.abc import Iterable, Iterator
from typing import Any

END: Any = object()


def windows(loader: Iterable[Any], size: int) -> Iterator[Iterator[tuple[Any, bool]]]:
    """Yield windows of `size` batches, the last one of fewer where the loader ends within it.

    A window yields each batch with whether it is its last. It holds one batch ahead at most, and
    none beyond its end, so that a checkpoint between two windows has all the random numbers of the
    next one before it. Each window must be used up before the next.
    """
    batches = iter(loader)
    for first in batches:
        yield window(first, batches, size)


def window(batch: Any, following: Iterator[Any], size: int) -> Iterator[tuple[Any, bool]]:
    """Yield the batch and up to size - 1 of those that follow."""
    for number in range(1, size + 1):
        ahead = next(following, END) if number < size else END
        yield batch, ahead is END
        if ahead is END:
            return
        batch = ahead
