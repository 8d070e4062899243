"""Makes projects from options, a model and a data class, through lgen's own functions."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from lgen.project import project_files

MODEL = """\
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.linear(self.norm(x).relu())


class Net(nn.Module):
    def __init__(self, width: int = 16, dropout: float = 0.1) -> None:
        super().__init__()
        self.enter = nn.Linear(8, width)
        self.blocks = nn.Sequential(Block(width), Block(width))
        self.dropout = nn.Dropout(dropout)
        self.leave = nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.leave(self.dropout(self.blocks(self.enter(x))))

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        return self.metrics(batch)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        return self.metrics(batch)

    def test_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.metrics(batch)

    def predict_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self(batch[0]).argmax(dim=1)

    def metrics(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        logits = self(x)
        accuracy = (logits.argmax(dim=1) == y).float().mean()
        return {"loss": F.cross_entropy(logits, y), "acc": accuracy}
"""

DATA = '''\
import torch
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset


def samples(number: int, seed: int) -> TensorDataset:
    """Rows that differ from one another, in three classes."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(number, 8, generator=generator)
    return TensorDataset(x, x[:, :3].argmax(dim=1))


class Noisy(Dataset[tuple[Tensor, ...]]):
    """Rows with noise that is drawn whenever they are read."""

    def __init__(self, dataset: TensorDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        x, y = self.dataset[index]
        return x + 0.1 * torch.randn(8), y


class Points:
    def __init__(self, number: int = 53) -> None:
        self.number = number

    def train_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return Noisy(samples(self.number, 1))

    def val_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return samples(21, 2)

    def test_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return samples(22, 3)

    def predict_dataset(self) -> Dataset[tuple[Tensor, ...]]:
        return samples(23, 4)
'''

OPTIONS = {
    "module": "model.py:Net",
    "data": "data.py:Points",
    "optimizer": {"name": "Adam", "lr": 0.01},
    "accelerator": "cpu",
    "batch_size": 4,
    "max_epochs": 2,
}


def make_project(
    folder: Path, options: Mapping[str, Any] = {}, model: str = MODEL, data: str = DATA
) -> Path:
    """Write a whole project to the folder and return it; a fault of the spec fails the test."""
    return write_project(folder, {**OPTIONS, **options}, model, data)


def write_project(folder: Path, options: Mapping[str, Any], model: str, data: str) -> Path:
    """The same of just these options."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.py").write_text(model)
    (folder / "data.py").write_text(data)
    text = spec_text(options)
    (folder / "lgen.yaml").write_text(text)
    files = project_files(folder, text)
    assert isinstance(files, dict), "\n".join(map(str, files))
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def spec_text(options: Mapping[str, Any]) -> str:
    """The options as YAML."""
    stream = StringIO()
    YAML(typ="safe").dump(dict(options), stream)
    return stream.getvalue()
