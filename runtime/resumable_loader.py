"""The batches of a loader that has a state, from any batch of an epoch on."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from itertools import count
from operator import length_hint
from typing import Any

import torch

from runtime.own_stream import own_stream
from runtime.plain_state import check_plain
from runtime.random_state import get_random_state, set_random_state
from runtime.seed import seed_everything

END: Any = object()


class ResumableLoader:
    """The first `num_batches` of a loader's epoch, or all of them where it is None.

    The state of a loader says how an epoch goes on. What comes after its last batch depends on the
    loader: one goes back to its start there, another when it is asked for one batch more, and a
    third begins anew with each iterator. So the state before the last batch is saved, and a resumed
    run takes that batch once more and leaves it out. Where only the end of the data ends an epoch,
    the state there is saved.

    `state_of` is what has state_dict and load_state_dict: the loader, or the data set it reads.
    """

    def __init__(
        self,
        loader: Iterable[Any],
        num_batches: int | None,
        device_type: str,
        *,
        state_of: Any,
    ) -> None:
        self.loader = loader
        self.num_batches = num_batches
        self.is_cut = num_batches is not None and length_hint(loader) != num_batches
        self.device_type = device_type
        self.state_of = state_of
        self.seed = 0  # of the epoch
        self.loaded: Any = None  # until the next batch is taken
        self.before_last: Any = None  # until the last batch is taken
        self.ended = False

    def batches_from(self, start: int) -> Iterator[Any]:
        """Yield the batches of an epoch of which the first `start` have been used.

        Ends the program where the epoch was cut off there and is longer now.
        """
        last = self.num_batches
        if start > 0 and self.ended:
            if self.before_last is not None and last is not None and start < last:
                raise SystemExit(
                    f"the checkpoint lies at the end of an epoch of {start} batches, and epochs "
                    f"have {last} now; finish the epoch with the limit that it had"
                )
            return
        self.before_last, self.ended = None, False
        if start == 0:
            self.loaded = None
        batches = self.iterator(start)
        if last is not None and start >= last:  # the limit is lower now: leave the epoch
            self.keep_before_last()
            with own_stream(self.device_type):
                next(batches, END)
            return
        for taken in count(start + 1) if last is None else range(start + 1, last + 1):
            if taken == last:
                self.keep_before_last()
            if taken == 1:
                batch, batches = self.first(batches)
            else:
                batch = next(batches, END)
            self.loaded = None
            if batch is END:
                self.ended = True
                return
            yield batch
        self.meet_end(batches)

    def keep_before_last(self) -> None:
        """Keep the state from which one batch leads to the end of the epoch."""
        self.before_last = {
            "data": deepcopy(self.position()),
            "random_state": get_random_state(self.device_type),
        }

    def iterator(self, start: int) -> Iterator[Any]:
        """Return an iterator; what it draws when it is made, changes no other random number.

        It is made again in an epoch that is gone on with, and some loaders make two of them then.
        """
        with own_stream(self.device_type, needed=start > 0):
            self.seed = int(torch.empty((), dtype=torch.int64).random_())
        return self.seeded_iterator()

    def seeded_iterator(self) -> Iterator[Any]:
        """Return an iterator that is made with the random numbers of the epoch's seed."""
        with own_stream(self.device_type):
            seed_everything(self.seed)
            return iter(self.loader)

    def first(self, batches: Iterator[Any]) -> tuple[Any, Iterator[Any]]:
        """Return the first batch of an epoch, and the iterator of the others.

        A loader that was left at its very end goes back when it is asked there: the next iterator
        begins the epoch.
        """
        batch = next(batches, END)
        if batch is END:
            batches = self.seeded_iterator()
            batch = next(batches, END)
        return batch, batches

    def meet_end(self, batches: Iterator[Any]) -> None:
        """Let a loader that is not cut off see that there is no batch more.

        What it draws there, such as its next order, follows from the state before the last batch.
        """
        if not self.is_cut:
            with own_stream(self.device_type):
                set_random_state(self.before_last["random_state"], self.device_type)
                next(batches, END)

    def position(self) -> Any:
        """Return the state of the data, which may not know what it has loaded before it is read."""
        return self.state_of.state_dict() if self.loaded is None else self.loaded

    def state_dict(self) -> dict[str, Any]:
        """Return where the data is; ends the program where no checkpoint could give it back."""
        if self.before_last is None:
            state = {"data": self.position(), "ended": self.ended}
        else:
            state = {"before_last": self.before_last, "ended": True}
        check_plain({"train_data": state})
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        self.before_last, self.ended = state.get("before_last"), state["ended"]
        self.loaded = state["data"] if self.before_last is None else self.before_last["data"]
        self.state_of.load_state_dict(deepcopy(self.loaded))
        if self.before_last is not None:
            with own_stream(self.device_type):
                batches = iter(self.loader)
                set_random_state(self.before_last["random_state"], self.device_type)
                _, batches = self.first(batches)
                self.meet_end(batches)
