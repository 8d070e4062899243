"""The data of both sides: rows that differ from one another."""

import torch
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset


class Rows:
    """Classified random rows: 84 to train, so that the last batch of 8 is short, 21 to validate."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(7)
        x = torch.randn(105, 6, generator=generator)
        self.rows = x, (x @ torch.randn(6, 3, generator=generator)).argmax(1)

    def train_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return TensorDataset(*(part[:84] for part in self.rows))

    def val_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return TensorDataset(*(part[84:] for part in self.rows))


class Numbers:
    """The numbers 1, 2, ... to train and to validate."""

    def __init__(self, train: int = 5, val: int = 1) -> None:
        self.train = train
        self.val = val

    def train_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return TensorDataset(torch.arange(1.0, self.train + 1))

    def val_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return TensorDataset(torch.arange(1.0, self.val + 1))


class Stages(Numbers):
    """Numbers to test and to predict too."""

    def test_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.val_dataset()

    def predict_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.val_dataset()
