import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from runtime.seeded_batch import SeededBatch
from runtime.seeded_dataset import SeededDataset
from runtime.training_batches import TrainingBatches
from tests.support.calls import count_calls


class Noise(Dataset):
    def __getitem__(self, index):
        return index, random.random(), float(np.random.rand()), torch.rand(()).item()


class NoiseInOneCall(Noise):
    def __getitems__(self, indices):
        return [self[index] for index in indices]


class NoisyCollate:
    def __call__(self, samples):
        return [*samples, torch.rand(()).item()]


def load(dataset, workers, position=0, epoch=0, context=None, generator_seed=0):
    batches = TrainingBatches(lambda epoch: range(10), 2, seed=7)
    batches.position, batches.epoch = position, epoch
    loader = DataLoader(
        SeededDataset(dataset),
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=NoisyCollate(),
        multiprocessing_context=context,
        generator=torch.Generator().manual_seed(generator_seed),
    )
    return list(loader)


@pytest.mark.parametrize("dataset", [Noise(), NoiseInOneCall()])
def test_random_numbers_do_not_depend_on_workers_or_interruptions(dataset):
    straight = load(dataset, 1)
    assert load(dataset, 2, generator_seed=1) == straight
    assert load(dataset, 2, position=4) == straight[2:]
    assert load(dataset, 1, epoch=1) != straight
    numbers = {sample[1:] for batch in straight for sample in batch[:-1]}
    assert len(numbers) == 10


def test_works_in_spawned_workers():
    assert load(Noise(), 1, context="spawn") == load(Noise(), 1)


def test_without_workers_the_stream_of_the_process_goes_on():
    torch.manual_seed(0)
    expected = torch.rand(2).tolist()
    torch.manual_seed(0)
    samples = SeededDataset(Noise()).__getitems__([0, 1])
    assert [sample[3] for sample in samples] == expected


@pytest.mark.parametrize("size", [1, 64])
def test_a_batch_costs_three_calls_more_than_its_samples(size):
    class Rows(Dataset):
        def __getitem__(self, index):
            return index

    plain, seeded, batch = Rows(), SeededDataset(Rows()), list(range(size))
    bare = count_calls(lambda: [plain[i] for i in batch])
    assert count_calls(lambda: seeded.__getitems__(batch)) - bare <= 3


def test_a_sample_that_raises_stop_iteration_is_not_the_end_of_the_data():
    class Broken(Dataset):
        def __getitem__(self, index):
            raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration for a sample"):
        SeededDataset(Broken()).__getitems__(SeededBatch([0]))
