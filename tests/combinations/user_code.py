"""The model.py and data.py of a combination."""

from collections.abc import Mapping
from typing import Any

from lgen.user_code.hooks import HOOKS
from tests.combinations.values import BLOCKS

_MODEL = """\
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.linear(x).relu()


class Net(nn.Module):
    def __init__(
        self,
        width: int = 8,
        dropout: float = 0.1,
        seed: int = 0,
        shape: tuple[int, int] = (1, 1),
        names: str | None = None,
        nested: Any = None,
    ) -> None:
        super().__init__()
        self.enter = nn.Linear(8, width, bias=False)
        self.block = Block(width)
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.dropout = nn.Dropout(dropout)
        self.leave = nn.Linear(width, 3, bias=False)
        self.calls: list[str] = []

    def forward(self, x: Tensor) -> Tensor:
        x = self.block(self.enter(x))
        if x.size(0) > 1 or not self.training:
            x = self.norm(x)
        return self.leave(self.dropout(x))

    def loss(self, batch: Any) -> Tensor:
        x, y = batch
        return F.cross_entropy(self(x), y)
"""
# SparseAdam takes sparse gradients alone
_SPARSE = """\
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Embedding):
    pass


class Net(nn.Module):
    def __init__(
        self,
        width: int = 8,
        dropout: float = 0.1,
        seed: int = 0,
        shape: tuple[int, int] = (1, 1),
        names: str | None = None,
        nested: Any = None,
    ) -> None:
        super().__init__()
        self.block = Block(8, 3, sparse=True)
        self.leave = Block(8, 3, sparse=True)
        self.calls: list[str] = []

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x.argmax(dim=1)) + self.leave(x.argmin(dim=1))

    def loss(self, batch: Any) -> Tensor:
        x, y = batch
        return F.cross_entropy(self(x), y)
"""
_DESCENT = """

class Descent(torch.optim.SGD):
    def __init__(self, params: Any, lr: float, warmup_steps: int = 0) -> None:
        super().__init__(params, lr)
        self.warmup_steps = warmup_steps
"""
_WITH_METRICS = {
    "\n\n\nclass Block": "\nfrom torchmetrics import MaxMetric, MeanMetric, MetricCollection\n"
    "\n\nclass Block",
    "        self.calls: list[str] = []\n": "        self.calls: list[str] = []\n"
    "        self.mean = MeanMetric()\n"
    "        self.both = MetricCollection([MeanMetric(), MaxMetric()])\n",
    "        return F.cross_entropy(self(x), y)\n": "        loss = F.cross_entropy(self(x), y)\n"
    "        self.mean.update(loss.detach())\n"
    "        self.both.update(loss.detach())\n"
    "        return loss\n",
}
_TYPES = {
    "batch": "Any",
    "batch_idx": "int",
    "epoch": "int",
    "step": "int",
    "optimizer": "Any",
    "log": "Any",
    "outputs": "Any",
    "loss": "Tensor",
}
_GROUPS = {
    "run": ("on_fit_start", "on_fit_end", "on_train_start", "on_train_end"),
    "epoch": ("on_train_epoch_start", "on_train_epoch_end"),
    "batch": ("on_train_batch_start", "on_train_batch_end"),
    "backward": ("on_before_backward", "on_after_backward"),
    "zero_grad": ("on_before_zero_grad",),
    "update": ("on_before_optimizer_step",),
}
_EVALUATION_GROUPS = {
    "run": ("start", "end"),
    "epoch": ("epoch_start", "epoch_end"),
    "batch": ("batch_start", "batch_end"),
    "metrics": ("epoch_end",),
}


def _signature(arguments: str) -> str:
    """The arguments with their types."""
    names = [name.strip() for name in arguments.split(",") if name.strip()]
    return "".join(f", {name}" if name == "*" else f", {name}: {_TYPES[name]}" for name in names)


def _log(arguments: str) -> str:
    """A line that uses log, if it is there."""
    return (
        '        log.scalar("more", 1.0)\n' '        log.text("note", "a note")\n'
        if "log" in arguments
        else ""
    )


def model_text(of: Mapping[str, Any]) -> str:
    """The module that a combination asks for."""
    optimizer = of["optimizer"]
    sparse = isinstance(optimizer, dict) and optimizer["name"] == "SparseAdam"
    text = _SPARSE if sparse else _MODEL
    if of["metric objects"]:
        for old, new in _WITH_METRICS.items():
            text = text.replace(old, new)
    size = ', "size": torch.tensor(len(batch[1]))' if of["batch_weight"] else ""
    several = isinstance(optimizer, str) and optimizer in BLOCKS
    training = ("outer_step", "block_step") if several else ("training_step",)
    steps = [
        *((step, None) for step in training),
        ("validation_step", "val"),
        ("test_step", "test"),
    ]
    for step, stage in steps:
        kind = of["training_step" if stage is None else step]
        arguments = of["training_step arguments" if stage is None else "evaluation arguments"]
        if kind is None:
            continue
        returns, line = {
            "dict": ("dict[str, Tensor]", f'return {{"loss": self.loss(batch){size}}}'),
            "loss": ("Tensor", "return self.loss(batch)"),
            "nothing": ("None", "self.calls.append(str(float(self.loss(batch))))"),
        }[kind]
        text += f"\n    def {step}(self{_signature(arguments)}) -> {returns}:\n"
        text += _log(arguments) + f"        {line}\n"
    if of["predict_step"] is not None:
        arguments = of["evaluation arguments"]
        text += f"\n    def predict_step(self{_signature(arguments)}) -> Tensor:\n"
        text += _log(arguments) + "        return self(batch[0]).argmax(dim=1)\n"
    text += "".join(_hook(name, of) for name in hooks(of))
    if isinstance(optimizer, dict) and optimizer["name"] == "model.Descent":
        text += _DESCENT
    if optimizer == "configured":
        text += "\n    def configure_optimizers(self) -> Optimizer:\n"
        text += "        return torch.optim.SGD(self.parameters(), lr=0.1)\n"
    elif optimizer == "configured with scheduler":
        text += "\n    def configure_optimizers(self) -> tuple[Optimizer, LRScheduler]:\n"
        text += "        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)\n"
        text += "        return optimizer, torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)\n"
    return text


def hooks(of: Mapping[str, Any]) -> list[str]:
    """The hooks that the module of a combination defines."""
    wanted, evaluation = of["training hooks"], of["evaluation hooks"]
    names = [
        name for group, of_group in _GROUPS.items() if wanted in (group, "all") for name in of_group
    ]
    for stage in ("validation", "test", "predict"):
        if of[f"{stage}_step"] is not None:
            events = [
                event
                for group, of_group in _EVALUATION_GROUPS.items()
                if evaluation in (group, "all")
                for event in of_group
            ]
            names += [f"on_{stage}_{event}" for event in dict.fromkeys(events)]
    return names


def _hook(name: str, of: Mapping[str, Any]) -> str:
    """A hook that notes that it was called; some return metrics."""
    arguments = ", ".join(HOOKS[name]) if of["hook arguments"] == "all" else ""
    metrics = of["evaluation hooks"] in ("metrics", "all") and name in (
        "on_validation_epoch_end",
        "on_test_epoch_end",
    )
    metrics = metrics or (of["metric objects"] and name == "on_train_epoch_end")
    returns = "dict[str, float]" if metrics else "None"
    text = f"\n    def {name}(self{_signature(arguments)}) -> {returns}:\n{_log(arguments)}"
    text += f'        self.calls.append("{name}")\n'
    more = ', "mean": float(self.mean.compute())' if of["metric objects"] else ""
    return text + (f'        return {{"calls": float(len(self.calls)){more}}}\n' if metrics else "")


_DATA = """\
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, default_collate


def samples(number: int, seed: int) -> TensorDataset:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(number, 8, generator=generator)
    return TensorDataset(x, x[:, :3].argmax(dim=1))


class Stream(IterableDataset[Any]):
    def __init__(self, dataset: TensorDataset) -> None:
        self.dataset = dataset

    def __iter__(self) -> Iterator[Any]:
        for index in range(len(self.dataset)):
            yield self.dataset[index]


class StatefulStream(IterableDataset[Any]):
    def __init__(self, dataset: TensorDataset) -> None:
        self.dataset = dataset
        self.index = 0

    def __iter__(self) -> Iterator[Any]:
        while self.index < len(self.dataset):
            self.index += 1
            yield self.dataset[self.index - 1]
        self.index = 0

    def state_dict(self) -> dict[str, Any]:
        return {"index": self.index}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.index = state["index"]


class StatefulLoader:
    def __init__(self, dataset: TensorDataset) -> None:
        self.dataset = dataset
        self.position = 0

    def __len__(self) -> int:
        return -(-len(self.dataset) // 4)

    def __iter__(self) -> Iterator[Any]:
        while self.position < len(self.dataset):
            self.position += 4
            yield self.dataset[self.position - 4 : self.position]
        self.position = 0

    def state_dict(self) -> dict[str, Any]:
        return {"position": self.position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.position = state["position"]


class Points:
    def __init__(self, number: int = 260, seed: int = 0) -> None:
        self.number = number
        self.seed = seed
"""
_SOURCES = {
    "dataset": ("dataset", "Dataset[Any]", "{samples}"),
    "iterable": ("dataset", "Stream", "Stream({samples})"),
    "stateful iterable": ("dataset", "StatefulStream", "StatefulStream({samples})"),
    "loader": ("dataloader", "DataLoader[Any]", "DataLoader({samples}, 4)"),
    "stateful loader": ("dataloader", "StatefulLoader", "StatefulLoader({samples})"),
    "several": ("dataset", "dict[str, Dataset[Any]]", '{{"one": {samples}, "two": {samples}}}'),
    "several loaders": (
        "dataloader",
        "dict[str, DataLoader[Any]]",
        '{{"one": DataLoader({samples}, 4), "two": DataLoader({samples}, 4)}}',
    ),
}


def data_text(of: Mapping[str, Any]) -> str:
    """The data class that a combination asks for."""
    text = _DATA
    for stage, number in (
        ("train", "self.number"),
        ("val", "66"),
        ("test", "67"),
        ("predict", "68"),
    ):
        if of[stage] is not None:
            kind, returns, value = _SOURCES[of[stage]]
            value = value.format(samples=f"samples({number}, self.seed)")
            text += f"\n    def {stage}_{kind}(self) -> {returns}:\n        return {value}\n"
    if of["collate_fn"]:
        text += "\n    def collate_fn(self, samples: list[Any]) -> Any:\n"
        text += "        return default_collate(samples)\n"
    if of["train_order"]:
        text += "\n    def train_order(self, epoch: int) -> Sequence[int]:\n"
        text += "        return range(self.number - 1, -1, -1)\n"
    for method in ("prepare_data", "setup"):
        if of[method]:
            text += f"\n    def {method}(self) -> None:\n        self.seed += 1\n"
    return text
