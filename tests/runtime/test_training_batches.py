import random
from collections import Counter

import pytest
import torch
from torch.utils.data import BatchSampler, DistributedSampler

from runtime.training_batches import TrainingBatches


def shuffled(n, seed=0):
    def order(epoch):
        return torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch)).tolist()

    return order


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(
    "n, world_size, batch_size", [(7, 2, 2), (24, 3, 4), (25, 3, 4), (3, 8, 1)]
)
def test_same_batches_as_distributed_sampler(n, world_size, batch_size, drop_last):
    for rank in range(world_size):
        sampler = DistributedSampler(range(n), world_size, rank, shuffle=True, seed=5)
        expected = BatchSampler(sampler, batch_size, drop_last)
        batches = TrainingBatches(
            shuffled(n, 5),
            batch_size,
            seed=5,
            drop_last=drop_last,
            rank=rank,
            world_size=world_size,
        )
        for epoch in (0, 1, 4):
            sampler.set_epoch(epoch)
            batches.epoch = epoch
            assert list(batches) == list(expected)
            assert len(batches) == len(expected)


def test_toy_of_two_ranks():
    seen = []
    for rank in range(2):
        batches = TrainingBatches(shuffled(7), 2, seed=0, rank=rank, world_size=2)
        seen.append([])
        for batches.epoch in range(2):
            seen[rank] += [index + 1 for batch in batches for index in batch]
    assert seen == [[5, 6, 3, 2, 1, 2, 6, 5], [1, 4, 7, 5, 7, 4, 3, 1]]


def test_stopped_anywhere_and_resumed_on_other_ranks_sees_each_sample_once():
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    for _ in range(300):
        n = draw.randint(1, 60)
        global_batch = draw.choice([1, 2, 4, 6, 12])
        old, new = (
            draw.choice([w for w in (1, 2, 3, 4, 6) if global_batch % w == 0]) for _ in "ab"
        )

        def run(world_size, position, epoch=2, n=n, global_batch=global_batch):
            ranks = []
            for rank in range(world_size):
                batches = TrainingBatches(
                    shuffled(n),
                    global_batch // world_size,
                    seed=0,
                    rank=rank,
                    world_size=world_size,
                )
                batches.epoch, batches.position = epoch, position
                ranks.append(list(batches))
            return ranks

        straight = run(old, 0)
        done = draw.randrange(len(straight[0]))
        position = done * global_batch
        first = [index for rank in straight for batch in rank[:done] for index in batch]
        rest = [index for rank in run(new, position) for batch in rank for index in batch]
        counts = Counter(first + rest)
        padding = sum(counts.values()) - n
        assert set(counts) == set(range(n))
        assert 0 <= padding < new
        if old == new:
            assert run(new, position) == [rank[done:] for rank in straight]


def test_max_batches_counts_from_the_start_of_the_epoch():
    batches = TrainingBatches(lambda epoch: range(20), 2, seed=0, max_batches=4)
    assert len(batches) == 4
    batches.position = 6
    assert list(batches) == [[6, 7]]
    assert len(batches) == 4


def test_seed_of_a_batch_is_its_own_and_survives_a_resume():
    def seeds(position, rank=0):
        batches = TrainingBatches(lambda e: range(12), 2, seed=3, rank=rank, world_size=2)
        batches.epoch, batches.position = 1, position
        return [batch.seed for batch in batches]

    everything = seeds(0, 0) + seeds(0, 1)
    assert len(set(everything)) == 6
    assert seeds(4) == seeds(0)[1:]


def test_order_may_be_a_tensor_and_is_asked_once_an_epoch():
    asked = []

    def order(epoch):
        asked.append(epoch)
        return torch.tensor([2, 0, 1])

    batches = TrainingBatches(order, 2, seed=0)
    for batches.epoch in range(2):
        assert len(batches) == 2
        assert list(batches) == [[2, 0], [1]]
        assert all(type(index) is int for batch in batches for index in batch)
    assert asked == [0, 1]


def test_no_samples_and_no_full_batch_are_clear_errors():
    with pytest.raises(SystemExit, match="the training data set is empty"):
        list(TrainingBatches(lambda epoch: [], 2, seed=0))
    with pytest.raises(SystemExit, match="drop_last leaves no batch: 2 training samples"):
        len(TrainingBatches(lambda epoch: range(2), 2, seed=0, drop_last=True, world_size=2))


@pytest.mark.parametrize("samples", [40, 41, 63, 64, 65])
@pytest.mark.parametrize("used", [0, 16, 48])
@pytest.mark.parametrize("batch_size, world_size", [(32, 1), (8, 2), (3, 3)])
def test_position_and_batch_belong_together_also_within_a_batch(
    samples, used, batch_size, world_size
):
    sampler = TrainingBatches(
        lambda epoch: torch.randperm(samples), batch_size, seed=0, world_size=world_size
    )
    sampler.position = used
    first, left = sampler.batch_idx, len(list(sampler))
    assert first + left == len(sampler)
    assert sampler.position_at(first) == used
    last = sampler.position_at(len(sampler))
    assert last >= samples
    sampler.position = last
    assert sampler.batch_idx == len(sampler) and list(sampler) == []


def test_an_order_may_be_a_tensor_a_range_or_a_list():
    orders = [torch.arange(10), range(10), list(range(10))]
    made = [TrainingBatches(lambda epoch, o=o: o, 2, seed=0, rank=1, world_size=3) for o in orders]
    batches = [list(sampler) for sampler in made]
    assert batches[0] == batches[1] == batches[2] == [[1, 4], [7, 0]]
    assert all(type(index) is int for batch in batches[0] for index in batch)


@pytest.mark.parametrize("order", [None, iter([1, 2])])
def test_an_order_that_is_no_sequence_is_said(order):
    with pytest.raises(SystemExit, match="must return the indices"):
        len(TrainingBatches(lambda epoch: order, 2, seed=0))


def test_an_epoch_of_another_length_is_said():
    batches = TrainingBatches(lambda epoch: range(5 + epoch), 2, seed=0)
    assert len(batches) == 3
    batches.epoch = 1
    assert len(list(batches)) == 3
    batches.epoch = 2
    with pytest.raises(SystemExit) as end:
        list(batches)
    assert str(end.value) == (
        "epoch 2 has 4 batches and epoch 1 had 3; the data set, or its train_order, must give as "
        "many in every epoch"
    )
    limited = TrainingBatches(lambda epoch: range(5 + epoch), 2, seed=0, max_batches=2)
    for limited.epoch in range(4):
        assert len(list(limited)) == 2
