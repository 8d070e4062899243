"""The first batches of a loader."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Protocol

from runtime.limits import limit_batches


class SizedLoader(Protocol):
    """A loader that knows its number of batches."""

    def __iter__(self) -> Iterator[Any]:
        """Start anew."""

    def __len__(self) -> int:
        """Return the number of batches."""


class LimitedLoader:
    """The first batches of a loader: an int counts them, a float is a share of all."""

    def __init__(self, loader: SizedLoader, limit: float) -> None:
        self.loader = loader
        self.limit = limit

    def __len__(self) -> int:
        """Return the number of batches."""
        return limit_batches(self.limit, len(self.loader))

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches."""
        return islice(iter(self.loader), len(self))
