"""scikit-learn's handwritten digits: 1,797 grey images of 8x8 pixels, ten classes."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset


class Digits:
    """The digits, split once and for all: 1,257 to train, 270 to validate, 270 to test."""

    def __init__(self, augment: bool = True) -> None:
        digits = load_digits()
        images = torch.tensor(digits.images, dtype=torch.float32) / 16  # pixels are 0 to 16
        images = images.unsqueeze(1)  # one channel: (1797, 1, 8, 8)
        labels = torch.tensor(digits.target)
        # a seed of its own: the split stays the same whatever the run's seed is
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
        train, val, test = order[:1257], order[1257:1527], order[1527:]
        self.train = TensorDataset(images[train], labels[train])
        self.val = TensorDataset(images[val], labels[val])
        self.test = TensorDataset(images[test], labels[test])
        self.augment = augment

    def train_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return RandomShift(self.train) if self.augment else self.train

    def val_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.val

    def test_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.test

    def predict_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.test


class RandomShift(Dataset[tuple[Tensor, ...]]):
    """Images moved by up to one pixel each way, another way each time they are read."""

    def __init__(self, dataset: TensorDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        image, label = self.dataset[index]
        down, right = torch.randint(0, 3, (2,)).tolist()
        padded = F.pad(image, (1, 1, 1, 1))
        return padded[:, down : down + 8, right : right + 8], label
