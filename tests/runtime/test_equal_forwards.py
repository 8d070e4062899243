import pytest
from torch.utils.data import DataLoader

from runtime.equal_forwards import equal_forwards, known_length
from runtime.evaluation_batches import EvaluationBatches
from tests.runtime.ranks import run_ranks


def forwards(rank, world_size, num_samples, known):
    batches = EvaluationBatches(num_samples, 2, seed=0, rank=rank, world_size=world_size)
    loader = DataLoader(range(num_samples), batch_sampler=batches, collate_fn=list)
    assert known_length(loader) == len(batches)
    return [(list(batch), counts) for batch, counts in equal_forwards(loader if known else batches)]


@pytest.mark.parametrize(
    "num_samples, third_rank",
    [
        (12, [([4, 5], True), ([10, 11], True)]),
        (9, [([4, 5], True), ([4, 5], False)]),
        (3, [([0, 1], False)]),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_rank_that_ran_out_repeats_its_last_batch_or_the_first_of_all(
    num_samples, third_rank, known
):
    ranks = run_ranks(forwards, 3, num_samples, known)
    assert ranks[2] == third_rank
    assert len({len(rank) for rank in ranks}) == 1
    counted = [index for rank in ranks for batch, counts in rank if counts for index in batch]
    assert sorted(counted) == list(range(num_samples))
