"""What a hook adds to a checkpoint can be read again, or is refused while it is written."""

import io
from collections import Counter, OrderedDict

import pytest
import torch

from runtime.plain_state import check_plain

PLAIN = {
    "number": 1,
    "text": ["a", ("b", b"c", None, 2.5, True)],
    "tensors": {"one": torch.ones(2), 3: OrderedDict(two=torch.zeros(1))},
    "more": {"set": {1, 2}, "count": Counter("aab"), "type": torch.float16, "at": torch.Size([2])},
}


def test_what_is_plain_is_read_again():
    check_plain(PLAIN)
    file = io.BytesIO()
    torch.save(PLAIN, file)
    file.seek(0)
    assert str(torch.load(file, weights_only=True)) == str(PLAIN)


@pytest.mark.parametrize("value", [object(), [range(3)], {"a": (1, lambda: 1)}, {range(2): 1}])
def test_an_object_is_refused_by_key_and_type(value):
    with pytest.raises(SystemExit) as refused:
        check_plain({**PLAIN, "mine": value})
    assert "checkpoint['mine'] holds a " in str(refused.value)
    file = io.BytesIO()
    with pytest.raises(Exception):  # noqa: B017
        torch.save({"mine": value}, file)
        file.seek(0)
        torch.load(file, weights_only=True)
