"""Iterable data whose end is known to a checkpoint."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from torch.utils.data import IterableDataset

END: Any = object()


class EndingStream(IterableDataset[Any]):
    """An iterable dataset with a state, to which `ended` belongs.

    The epoch's last batch, where it is not full, has met the end, and the dataset may have gone
    back to its start: a checkpoint right after that batch has nothing of the epoch before it.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.ended = False
        self.loaded: Any = None  # until it gives a sample, the dataset may not know of it

    def __iter__(self) -> Iterator[Any]:
        goes_on = self.loaded is not None and not self.ended
        self.ended = False
        samples = iter(self.dataset)
        first = next(samples, END)
        self.loaded = None
        if first is not END:
            yield first
            yield from samples
        elif not goes_on:  # it was left at its very end: the next iterator begins anew
            yield from self.dataset
        self.ended = True

    def state_dict(self) -> dict[str, Any]:
        """Return the dataset's own state, and whether it has ended."""
        state = self.dataset.state_dict() if self.loaded is None else self.loaded
        return {"dataset": state, "ended": self.ended}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        self.loaded = state["dataset"]
        self.dataset.load_state_dict(deepcopy(self.loaded))
        self.ended = state["ended"]
