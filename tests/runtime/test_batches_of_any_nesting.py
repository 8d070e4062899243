from collections import UserDict, namedtuple

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from runtime.batch import num_samples
from runtime.nested import map_tensors
from runtime.to_device import to_device
from runtime.to_dtype import to_dtype
from tests.support.calls import count_calls

Pair = namedtuple("Pair", "x y")


def test_map_tensors_keeps_the_nesting_and_other_leaves():
    batch = {"a": (torch.ones(2), "text"), "b": [Pair(torch.ones(1), 3), None]}
    mapped = map_tensors(lambda tensor: tensor + 1, batch)
    assert mapped["a"][0].tolist() == [2, 2] and mapped["a"][1] == "text"
    assert type(mapped["a"]) is tuple and type(mapped["b"]) is list
    assert type(mapped["b"][0]) is Pair and mapped["b"][0].y == 3 and mapped["b"][1] is None


def test_to_dtype_casts_floating_tensors_only():
    batch = to_dtype([torch.ones(2), torch.ones(2, dtype=torch.int64)], torch.bfloat16)
    assert [tensor.dtype for tensor in batch] == [torch.bfloat16, torch.int64]


def test_to_device_moves_tensors_and_objects_that_can_move():
    class Graph:
        def to(self, device):
            self.device = device
            return self

    graph = Graph()
    packed = pack_sequence([torch.ones(3), torch.ones(2)])
    tensor, moved, moved_packed = to_device((torch.ones(2), graph, packed), torch.device("meta"))
    assert tensor.device.type == "meta"
    assert moved is graph and graph.device == torch.device("meta")
    assert moved_packed.data.device.type == "meta"


@pytest.mark.parametrize(
    "batch, size",
    [
        (torch.ones(3, 2), 3),
        ((torch.ones(4), torch.ones(5)), 4),
        ({"text": ["a", "b"], "x": torch.ones(2)}, 2),
        (UserDict(x=torch.ones(6)), 6),
        ([{"name": "n"}, (None, torch.ones(7))], 7),
        (torch.tensor(1.0), 1),
        ((torch.tensor(1.0), torch.ones(3)), 1),
    ],
)
def test_num_samples_is_the_length_of_the_first_tensor(batch, size):
    assert num_samples(batch) == size


def test_a_batch_without_tensors_is_a_clear_error():
    with pytest.raises(SystemExit, match="a batch of type dict holds no tensor"):
        num_samples({"text": ["a"]})


def test_num_samples_of_a_common_batch_calls_nothing_of_its_own():
    batch = (torch.ones(8, 2), torch.ones(8))
    assert count_calls(lambda: num_samples(batch)) <= 3
