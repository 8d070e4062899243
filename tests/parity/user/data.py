"""The data of both sides: rows that differ from one another."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, TensorDataset


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


class Jitter(Dataset[tuple[Tensor, ...]]):
    """Rows with noise that is drawn whenever they are read."""

    def __init__(self, rows: Dataset[tuple[Tensor, ...]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return 84

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        x, y = self.rows[index]
        return x + torch.randn(6), y


class JitteredRows(Rows):
    """Rows to train that are changed at random."""

    def train_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return Jitter(super().train_dataset())


class AllRows(Rows):
    """Rows to test and to predict too."""

    def test_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.val_dataset()

    def predict_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.val_dataset()


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
    """As many numbers to test and to predict as to validate: from 10 and from 20 on."""

    def test_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return TensorDataset(torch.arange(10.0, 10 + self.val))

    def predict_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return TensorDataset(torch.arange(20.0, 20 + self.val))


class Stream(IterableDataset[tuple[Tensor]]):
    """The numbers 1, 2, ... one after the other."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __iter__(self) -> Iterator[tuple[Tensor]]:
        return iter([(value,) for value in torch.arange(1.0, self.number + 1)])


class Streams:
    """Streams of 20 numbers to validate, to test and to predict, and numbers to train."""

    def train_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return TensorDataset(torch.arange(1.0, 21.0))

    def val_dataset(self) -> Stream:
        return Stream(20)

    def test_dataset(self) -> Stream:
        return Stream(20)

    def predict_dataset(self) -> Stream:
        return Stream(20)
