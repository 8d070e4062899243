"""Saved after any batch, and after the epoch: the batches that follow are the same."""

from copy import deepcopy

import pytest
import torch
from torch.utils.data import IterableDataset
from torchdata.stateful_dataloader import StatefulDataLoader

from runtime.random_state import get_random_state, set_random_state
from runtime.resumable_loader import ResumableLoader


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


class Stream(BeginsAnew, IterableDataset):
    pass


MAKERS = {
    "goes on": GoesOn,
    "begins anew": BeginsAnew,
    "sized": Sized,
    "reused state": Reused,
    "torchdata": lambda: StatefulDataLoader(range(13), batch_size=2, shuffle=True),
    "torchdata workers": lambda: StatefulDataLoader(range(13), batch_size=2, num_workers=1),
    "torchdata stream": lambda: StatefulDataLoader(Stream(11), batch_size=2),
}
KNOWN = ["sized", "torchdata"]


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


@pytest.mark.parametrize("num_batches", [None, 1, 3, "all"])
@pytest.mark.parametrize("name", MAKERS)
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


def random_state():
    return get_random_state("cpu")
