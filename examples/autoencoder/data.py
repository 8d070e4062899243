"""scikit-learn's handwritten digits: 1,797 grey images of 8x8 pixels."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset


class Digits:
    """The digits, split once and for all: 1,527 to train, 270 to validate."""

    def __init__(self) -> None:
        digits = load_digits()
        images = torch.tensor(digits.images, dtype=torch.float32) / 16  # pixels are 0 to 16
        images = images.unsqueeze(1)  # one channel: (1797, 1, 8, 8)
        # a seed of its own: the split stays the same whatever the run's seed is
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        self.train = TensorDataset(images[order[:1527]])
        self.val = TensorDataset(images[order[1527:]])

    def train_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.train

    def val_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.val
