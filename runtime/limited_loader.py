"""The first batches of a loader."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Protocol

from runtime.limits import limit_batches


class Loader(Protocol):
    """A loader, which knows its number of batches unless its data is a stream."""

    def __iter__(self) -> Iterator[Any]:
        """Start anew."""

    def __len__(self) -> int:
        """Return the number of batches; raises TypeError for a stream."""


class LimitedLoader:
    """The first batches of a loader: an int counts them, a float is a share of all."""

    def __init__(self, loader: Loader, limit: float) -> None:
        self.loader = loader
        self.limit = limit

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches."""
        if isinstance(self.limit, int):
            return islice(self.loader, self.limit)
        return islice(self.loader, limit_batches(self.limit, len(self.loader)))
