from itertools import islice

import pytest
from torch.utils.data import DataLoader

from runtime.ending_stream import EndingStream


class Numbers:
    def __init__(self):
        self.next = 0

    def __iter__(self):
        while self.next < 7:
            self.next += 1
            yield self.next
        self.next = 0

    def state_dict(self):
        return {"next": self.next}

    def load_state_dict(self, state):
        self.next = state["next"]


def test_a_batch_that_is_not_full_has_met_the_end():
    stream = EndingStream(Numbers())
    loader = DataLoader(stream, 3)
    batches = iter(loader)
    assert [batch.tolist() for batch in islice(batches, 2)] == [[1, 2, 3], [4, 5, 6]]
    assert stream.state_dict() == {"dataset": {"next": 6}, "ended": False}
    assert next(batches).tolist() == [7]
    state = stream.state_dict()
    assert state == {"dataset": {"next": 0}, "ended": True}
    again = EndingStream(Numbers())
    again.load_state_dict(state)
    assert again.ended
    assert next(iter(DataLoader(again, 3))).tolist() == [1, 2, 3] and not again.ended


@pytest.mark.parametrize("used", range(1, 8))
def test_it_goes_on_after_any_sample(used):
    stream = EndingStream(Numbers())
    assert list(islice(stream, used)) == list(range(1, used + 1))
    again = EndingStream(Numbers())
    again.load_state_dict(stream.state_dict())
    assert again.state_dict() == stream.state_dict()
    assert list(again) == list(range(used + 1, 8))
    assert list(again) == list(range(1, 8))


def test_an_epoch_begins_after_the_end():
    stream = EndingStream(Numbers())
    assert list(stream) == list(range(1, 8))
    again = EndingStream(Numbers())
    again.load_state_dict(stream.state_dict())
    assert list(again) == list(range(1, 8)) and again.ended
