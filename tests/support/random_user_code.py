"""The model and the data of the resumed runs: everything that draws random numbers is in them."""

from pathlib import Path

MODEL = """\
import os
import time

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.dropout(self.norm(self.linear(x)).relu())


class Net(nn.Module):
    def __init__(self, pause: float = 0.0, record: str = "", bad_step: int = 0) -> None:
        super().__init__()
        self.pause = pause
        self.record = record
        self.bad_step = bad_step
        self.enter = nn.Linear(8, 12)
        self.blocks = nn.Sequential(Block(12), Block(12))
        self.leave = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.leave(self.blocks(self.enter(x)))

    def training_step(self, batch: tuple[Tensor, ...], step: int) -> dict[str, Tensor]:
        time.sleep(self.pause)
        x, y, number = batch
        rank = os.environ.get("RANK", "0")
        if self.record:
            with open(self.record + rank, "a") as file:
                print(*number.tolist(), file=file)
        if step + 1 == self.bad_step and rank == os.environ.get("BAD_RANK", rank):
            x = x * float("nan")
        return self.metrics(x, y)

    def validation_step(self, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        return self.metrics(batch[0], batch[1])

    def metrics(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = self(x)
        accuracy = (logits.argmax(dim=1) == y).float().mean()
        return {"loss": F.cross_entropy(logits, y), "acc": accuracy}
"""
# an optimizer of the user's own
MODEL += (Path(__file__).parents[1] / "parity" / "user" / "my_optim.py").read_text()

DATA = '''\
import random

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset


def points(number: int, seed: int) -> TensorDataset:
    """Rows that differ from one another, in three classes, numbered."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(number, 8, generator=generator)
    return TensorDataset(x, x[:, :3].argmax(dim=1), torch.arange(number))


class Augmented(Dataset[tuple[Tensor, ...]]):
    """Rows that are changed at random whenever they are read."""

    def __init__(self, dataset: TensorDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        x, y, number = self.dataset[index]
        x = x + 0.1 * torch.randn(8) + 0.1 * float(np.random.normal())
        return x * random.uniform(0.9, 1.1), y, number


class Points:
    def __init__(self, number: int = 46) -> None:
        self.number = number

    def train_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return Augmented(points(self.number, 1))

    def val_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return points(21, 2)
'''

OPTIONS = {
    "checkpoint": {"monitor": "val_loss", "save_top_k": 2, "every_n_train_steps": 2},
    "optimizer": {"name": "AdamW", "lr": 0.01},
    "log_every_n_steps": 3,
    "max_epochs": 3,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}
