"""Saved after any batch, and after the epoch: the batches that follow are the same."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch.utils.data import IterableDataset
from torchdata.stateful_dataloader import StatefulDataLoader

from runtime.has_more import has_more
from runtime.random_state import get_random_state, set_random_state
from runtime.resumable_loader import ResumableLoader
from runtime.whole_epoch import whole_epoch


class GoesOn:
    """An iterator goes on where the last one was left."""

    def __init__(self, size=6):
        self.size = size
        self.place = 0

    def __iter__(self):
        while self.place < self.size:
            self.place += 1
            yield self.place
        self.place = 0

    def state_dict(self):
        return {"place": self.place}

    def load_state_dict(self, state):
        self.place = state["place"]


class BeginsAnew(GoesOn):
    """An iterator begins anew, but for the first one after a state was loaded."""

    start = 0

    def __iter__(self):
        first, self.start = self.start, 0
        for place in range(first + 1, self.size + 1):
            self.place = place
            yield place + torch.rand(()).item()

    def load_state_dict(self, state):
        self.start = state["place"]


class Sized(BeginsAnew):
    def __len__(self):
        return self.size


class Reused(GoesOn):
    """What it returns as its state goes on changing."""

    def __init__(self):
        super().__init__()
        self.state = {"place": 0}

    def state_dict(self):
        self.state["place"] = self.place
        return self.state


class OrdersItsNext(Sized):
    """The order of an epoch is drawn at the end of the one before."""

    def __init__(self):
        super().__init__()
        self.order = list(range(6))

    def __iter__(self):
        first, self.start = self.start, 0
        for place in range(first, 6):
            self.place = place + 1
            yield self.order[place]
        self.order = torch.randperm(6).tolist()
        self.place = 0

    def state_dict(self):
        return {"place": self.place, "order": self.order}

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.order = state["order"]


class OrdersInIter(GoesOn):
    """The order is drawn where the iterator is made."""

    order = None

    def __iter__(self):
        if self.order is None:
            self.order = torch.randperm(6).tolist()
        return self.given()

    def given(self):
        while self.place < 6:
            self.place += 1
            yield self.order[self.place - 1]
        self.place, self.order = 0, None

    def state_dict(self):
        return {"place": self.place, "order": self.order}

    def load_state_dict(self, state):
        self.place, self.order = state["place"], state["order"]


class Stream(BeginsAnew, IterableDataset):
    pass


class Buffered(GoesOn):
    """A buffer that is drawn from, and goes on over the ends of epochs."""

    def __init__(self):
        self.buffer = list(range(4))
        self.next = 4

    def __iter__(self):
        while True:
            index = int(torch.randint(len(self.buffer), ()))
            drawn, self.buffer[index] = self.buffer[index], self.next
            self.next += 1
            yield drawn

    def state_dict(self):
        return {"buffer": self.buffer, "next": self.next}

    def load_state_dict(self, state):
        self.buffer, self.next = state["buffer"], state["next"]


class BufferedStream(Buffered, IterableDataset):
    pass


MAKERS = {
    "goes on": GoesOn,
    "begins anew": BeginsAnew,
    "sized": Sized,
    "reused state": Reused,
    "orders its next": OrdersItsNext,
    "orders in iter": OrdersInIter,
    "buffered": Buffered,
    "torchdata buffered": lambda: StatefulDataLoader(BufferedStream(), batch_size=2),
    "torchdata": lambda: StatefulDataLoader(range(13), batch_size=2, shuffle=True),
    "torchdata workers": lambda: StatefulDataLoader(range(13), batch_size=2, num_workers=1),
    "torchdata stream": lambda: StatefulDataLoader(Stream(11), batch_size=2),
}
KNOWN = ["sized", "orders its next", "torchdata"]


def make(maker, num_batches):
    torch.manual_seed(1)
    loader = maker()
    return ResumableLoader(loader, num_batches, "cpu", state_of=loader)


def taken(batches, number=None):
    """Return so many batches as lists, and what is drawn after each."""
    found = []
    while number is None or len(found) < number:
        batch = next(batches, None)
        if batch is None:
            break
        found.append((torch.as_tensor(batch).tolist(), torch.rand(()).item()))
    return found


LENGTHS = [None, 1, 3, "all"]
ROWS = [(name, length) for name in MAKERS for length in LENGTHS["buffered" in name :]]  # endless


@pytest.mark.parametrize(("name", "num_batches"), ROWS)
def test_every_position(name, num_batches):
    maker = MAKERS[name]
    if num_batches == "all":
        num_batches = len(maker()) if name in KNOWN else 6
    straight = make(maker, num_batches)
    epochs, saved = [], []
    for epoch in range(3):
        batches, found = straight.batches_from(0), []
        while step := taken(batches, 1):
            found += step
            saved.append((epoch, len(found), deepcopy(straight.state_dict()), random_state()))
        saved.append((epoch + 1, 0, deepcopy(straight.state_dict()), random_state()))
        epochs.append(found)
    assert num_batches is None or {len(found) for found in epochs} == {num_batches}
    for epoch, position, state, drawn in saved[: -len(epochs[2]) - 1]:
        resumed = make(maker, num_batches)
        set_random_state(drawn, "cpu")
        resumed.load_state_dict(state)
        assert taken(resumed.batches_from(position)) == epochs[epoch][position:]
        for following in epochs[epoch + 1 :]:
            assert taken(resumed.batches_from(0)) == following


def test_a_state_that_no_checkpoint_gives_back():
    class Drawn(Sized):
        def state_dict(self):
            return {"place": self.place, "order": np.arange(3)}

    resumable = make(Drawn, None)
    taken(resumable.batches_from(0), 2)
    with pytest.raises(SystemExit, match="'train_data'.* holds a ndarray, which cannot be read"):
        resumable.state_dict()


def test_an_epoch_that_was_cut_off_earlier():
    resumable = make(Sized, 3)
    taken(resumable.batches_from(0))
    longer = make(Sized, 4)
    longer.load_state_dict(resumable.state_dict())
    with pytest.raises(SystemExit, match="end of an epoch of 3 batches, and epochs have 4 now"):
        next(longer.batches_from(3))
    assert len(taken(longer.batches_from(0))) == 4


@pytest.mark.parametrize("name", ["begins anew", "torchdata", "torchdata stream"])
def test_a_limit_that_is_lower_now(name):
    """The epoch is over, and the next one begins anew, in a run that is resumed once more too."""
    straight = make(MAKERS[name], 5)
    taken(straight.batches_from(0), 4)
    state = deepcopy(straight.state_dict())
    lower = make(MAKERS[name], 3)
    lower.load_state_dict(state)
    assert taken(lower.batches_from(4)) == []
    ended, drawn = deepcopy(lower.state_dict()), random_state()
    following = taken(lower.batches_from(0))
    assert len(following) == 3
    again = make(MAKERS[name], 3)
    set_random_state(drawn, "cpu")
    again.load_state_dict(ended)
    assert taken(again.batches_from(0)) == following
    if name != "torchdata":
        assert int(np.min(following[0][0])) == 1


def test_data_that_ends_before_the_limit():
    straight = make(GoesOn, 10)
    assert len(taken(straight.batches_from(0))) == 6
    resumed = make(GoesOn, 10)
    resumed.load_state_dict(straight.state_dict())
    assert taken(resumed.batches_from(6)) == []
    assert len(taken(resumed.batches_from(0))) == 6


@pytest.mark.parametrize("name", ["sized", "begins anew", "torchdata", "torchdata stream"])
@pytest.mark.parametrize("used", range(1, 7))
def test_a_whole_epoch_from_within_one(name, used):
    """What reads the data once more meets the same batches in a resumed run."""
    straight = make(MAKERS[name], None)
    taken(straight.batches_from(0), used)
    state, drawn = deepcopy(straight.state_dict()), random_state()
    whole = taken(whole_epoch(straight))
    assert len(whole) in (6, 7)
    resumed = make(MAKERS[name], None)
    set_random_state(drawn, "cpu")
    resumed.load_state_dict(state)
    assert taken(whole_epoch(resumed)) == whole


@pytest.mark.parametrize("name", ["goes on", "begins anew", "torchdata", "torchdata stream"])
def test_the_end_is_looked_for(name):
    straight = make(MAKERS[name], None)
    whole = taken(straight.batches_from(0))
    for used in range(1, len(whole) + 1):
        stopped, resumed = make(MAKERS[name], None), make(MAKERS[name], None)
        taken(stopped.batches_from(0), used)
        resumed.load_state_dict(stopped.state_dict())
        assert has_more(resumed, used) == (used < len(whole))
        assert has_more(resumed, 0)


def random_state():
    return get_random_state("cpu")
