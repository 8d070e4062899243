import pytest

from runtime.evaluation_batches import EvaluationBatches


@pytest.mark.parametrize("n", [1, 5, 12, 13])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_ranks_share_the_batches_of_one_process_and_pad_nothing(n, world_size):
    whole = list(EvaluationBatches(n, 2, seed=0))
    assert [index for batch in whole for index in batch] == list(range(n))
    for rank in range(world_size):
        share = EvaluationBatches(n, 2, seed=0, rank=rank, world_size=world_size)
        assert list(share) == whole[rank::world_size]
        assert len(share) == len(list(share))
        assert [whole[index] for index in share.indices] == list(share)


def test_max_batches_limits_each_process():
    first = EvaluationBatches(20, 2, seed=0, max_batches=2, rank=0, world_size=2)
    second = EvaluationBatches(20, 2, seed=0, max_batches=2, rank=1, world_size=2)
    assert list(first) == [[0, 1], [4, 5]]
    assert list(second) == [[2, 3], [6, 7]]
    assert len(first) == 2


def test_seed_of_a_batch_does_not_depend_on_the_number_of_processes():
    alone = [batch.seed for batch in EvaluationBatches(9, 2, seed=0)]
    second = [batch.seed for batch in EvaluationBatches(9, 2, seed=0, rank=1, world_size=2)]
    assert second == alone[1::2]
    assert len(set(alone)) == 5
