"""Iterable data whose end is known to a checkpoint."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch.utils.data import IterableDataset


class EndingStream(IterableDataset[Any]):
    """An iterable dataset with a state, to which `ended` belongs.

    The epoch's last batch, where it is not full, has met the end, and the dataset may have gone
    back to its start: a checkpoint right after that batch has nothing of the epoch before it.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.ended = False

    def __iter__(self) -> Iterator[Any]:
        self.ended = False
        yield from self.dataset
        self.ended = True

    def state_dict(self) -> dict[str, Any]:
        """Return the dataset's own state, and whether it has ended."""
        return {"dataset": self.dataset.state_dict(), "ended": self.ended}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        self.dataset.load_state_dict(state["dataset"])
        self.ended = state["ended"]
