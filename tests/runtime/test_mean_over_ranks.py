import torch

from runtime.mean_over_ranks import mean_over_ranks
from tests.runtime.ranks import run_ranks


def own_part(rank, world_size):
    values = {"score": torch.tensor(float(rank)), "count": 2}
    return mean_over_ranks(values if rank else {**values, "first": 5.0})


def test_all_ranks_get_the_same_mean():
    assert run_ranks(own_part, 3) == [{"score": 1.0, "count": 2.0, "first": 5.0}] * 3
