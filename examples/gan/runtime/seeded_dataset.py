"""Random augmentation that depends neither on how many workers load nor on an interruption."""

import hashlib
import random
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, get_worker_info

from runtime.seeded_batch import SeededBatch


class SeededDataset(Dataset[Any]):
    """The given dataset, with its random numbers seeded anew for each batch that a worker loads.

    The random state of a worker process cannot be saved. Without workers the samples draw from
    the random state of the training process, which every checkpoint holds.
    """

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        """Return the number of samples."""
        dataset: Any = self.dataset
        return len(dataset)

    def __getitem__(self, index: int) -> Any:
        """Return one sample, which is seeded by nothing."""
        return self.dataset[index]

    def __getitems__(self, batch: SeededBatch) -> list[Any]:
        """Return the samples of a batch."""
        if get_worker_info() is not None:
            seed_worker(batch.seed)
        dataset: Any = self.dataset
        try:
            if hasattr(dataset, "__getitems__"):
                samples: list[Any] = dataset.__getitems__(batch)
                return samples
            return [dataset[index] for index in batch]
        except StopIteration as error:  # which the loader would take for the end of the data
            raise RuntimeError("the data set raised StopIteration for a sample") from error


def seed_worker(seed: tuple[int, int, int]) -> None:
    """Seed Python, NumPy and torch of a worker process; near seeds give unrelated numbers."""
    digest = hashlib.blake2b(repr(seed).encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "little")
    random.seed(number)
    np.random.seed(number % 2**32)
    # torch.manual_seed would also queue a seed for devices, which a worker must not touch
    torch.default_generator.manual_seed(number)
