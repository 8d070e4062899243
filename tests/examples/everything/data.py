"""Points around ten centres, with and without noise."""

import torch
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset


class Blobs:
    """So many points to train; fewer to validate, test and predict."""

    def __init__(self, number: int = 2000) -> None:
        self.number = number

    def prepare_data(self) -> None:
        """What is done once on each machine, such as a download."""

    def setup(self) -> None:
        """What is done in each process."""
        self.centres = torch.randn(10, 32, generator=torch.Generator().manual_seed(0))

    def points(self, number: int, seed: int, noise: float) -> Dataset[tuple[Tensor, ...]]:
        """Points of all classes in turn."""
        labels = torch.arange(number) % 10
        generator = torch.Generator().manual_seed(seed)
        moved = noise * torch.randn(number, 32, generator=generator)
        return TensorDataset(self.centres[labels] + moved, labels)

    def train_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.points(self.number, 1, noise=1.0)

    def val_dataset(self) -> dict[str, Dataset[tuple[Tensor, ...]]]:
        return {"clean": self.points(300, 2, noise=0.5), "noisy": self.points(300, 3, noise=2.0)}

    def test_dataset(self) -> dict[str, Dataset[tuple[Tensor, ...]]]:
        return {"clean": self.points(300, 4, noise=0.5), "noisy": self.points(300, 5, noise=2.0)}

    def predict_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return self.points(100, 6, noise=1.0)

    def collate_fn(self, samples: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        points, labels = zip(*samples)
        return torch.stack(points), torch.stack(labels)
