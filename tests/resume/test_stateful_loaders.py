"""Loaders and streams with a state: killed and resumed equals straight, whatever draws numbers."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.killed_runs import finish, resume, run_folder
from tests.support.launch import Fault, launch
from tests.support.projects import make_project
from tests.support.same_runs import assert_same_runs

MODEL = """\
import torch
from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.Linear(8, 1))

    def training_step(self, batch: Tensor) -> dict[str, Tensor]:
        return {"loss": self.layers(batch).square().mean()}

    def validation_step(self, batch: Tensor) -> dict[str, Tensor]:
        return {"loss": self.layers(batch).square().mean()}
"""
DATA = """\
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset
from torchdata.stateful_dataloader import StatefulDataLoader
from torchdata.stateful_dataloader.sampler import StatefulDistributedSampler


class Rows(Dataset[Tensor]):
    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Tensor:
        return torch.full((4,), index / 50) + torch.randn(4) / 9


class GoesOn:
    # an iterator goes on where the last one was left, and back at the end of the data
    def __init__(self, size: int) -> None:
        self.size = size
        self.place = 0

    def __iter__(self) -> Iterator[Tensor]:
        while self.place < self.size:
            self.place += 1
            yield self.row(self.place)
        self.place = 0

    def row(self, index: int) -> Tensor:
        return torch.full((4,), index / 50) + torch.randn(4) / 9

    def state_dict(self) -> dict[str, int]:
        return {"place": self.place}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.place = state["place"]


class BeginsAnew(GoesOn):
    # an iterator begins anew, but for the first one after a state was loaded
    start = 0
    epoch = 0

    def __iter__(self) -> Iterator[Tensor]:
        first, self.start = self.start, 0
        if first == 0:
            self.epoch += 1
        for self.place in range(first + 1, self.size + 1):
            yield self.row(self.place) * self.epoch

    def state_dict(self) -> dict[str, int]:
        return {"place": self.place, "epoch": self.epoch}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.place = self.start = state["place"]
        self.epoch = state["epoch"]


class GoingOn(GoesOn):
    def __len__(self) -> int:
        return self.size


class BeginningAnew(BeginsAnew):
    def __len__(self) -> int:
        return self.size

    def row(self, index: int) -> Tensor:
        return torch.full((2, 4), index / 50) + torch.randn(2, 4) / 9


class EndlessStream(IterableDataset[Tensor]):
    def __init__(self) -> None:
        self.place = 0

    def __iter__(self) -> Iterator[Tensor]:
        while True:
            self.place += 1
            yield torch.full((4,), self.place / 50) + torch.randn(4) / 9

    def state_dict(self) -> dict[str, int]:
        return {"place": self.place}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.place = state["place"]


class Stream(BeginsAnew, IterableDataset[Tensor]):
    pass


class Data:
    def METHOD(self) -> TYPE:
        return LOADER

    def val_dataset(self) -> Rows:
        return Rows(5)
"""
SHUFFLED = "StatefulDataLoader(Rows(23), batch_size=4, shuffle=True)"
DEALT = "StatefulDataLoader(Rows(46), batch_size=4, sampler=StatefulDistributedSampler(Rows(46)))"
OF_STREAM = "StatefulDataLoader(Stream(22), batch_size=4)"
SEVERAL: dict[str, dict[str, Any]] = {
    "all": {},
    "cut": {"limit_train_batches": 5},
    "windows": {"accumulate_grad_batches": 4},
    "cut windows": {"accumulate_grad_batches": 2, "limit_train_batches": 5},
}
CUT = {"limit_train_batches": 3}  # a divisor of their length, where they go on
ROWS: list[tuple[str, str, dict[str, Any], int | None]] = [
    *[(f"torchdata {name}", SHUFFLED, options, None) for name, options in SEVERAL.items()],
    *[(f"torchdata stream {name}", OF_STREAM, options, None) for name, options in SEVERAL.items()],
    *[(f"anew {name}", "BeginningAnew(6)", options, None) for name, options in SEVERAL.items()],
    ("going on all", "GoingOn(6)", {}, None),
    ("going on windows", "GoingOn(6)", {"accumulate_grad_batches": 4}, None),
    ("going on cut", "GoingOn(6)", CUT, None),
    ("endless", "StatefulDataLoader(EndlessStream(), batch_size=2)", CUT, None),
    *[(f"stream {name}", "Stream(22)", options, None) for name, options in SEVERAL.items()],
    ("endless stream", "EndlessStream()", CUT, None),
    ("stream beyond its end", "Stream(22)", {"limit_train_batches": 10}, None),
    (
        "two ranks",
        DEALT,
        {
            "strategy": "ddp",
            "devices": 2,
            "accumulate_grad_batches": 4,
            "val_check_interval": 3,
            "swa": {"swa_epoch_start": 2},
        },
        2,
    ),
    ("two ranks cut", DEALT, {"strategy": "ddp", "devices": 2, "limit_train_batches": 5}, 2),
]


def make(folder: Path, loader: str, options: dict[str, Any], model: str = MODEL) -> Path:
    """Return a project that trains on what the expression makes."""
    stream = loader.startswith(("Stream", "Endless"))
    text = DATA.replace("LOADER", loader).replace("TYPE", loader.partition("(")[0])
    text = text.replace("METHOD", "train_dataset" if stream else "train_dataloader")
    spec = {
        "module": "model.py:Net",
        "data": "data.py:Data",
        "optimizer": {"name": "SGD", "lr": 0.001},
        "max_epochs": 3,
        "batch_size": 4,
        "log_every_n_steps": 1,
        "checkpoint": {"every_n_train_steps": 1, "save_top_k": -1},
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "seed": 3,
        **options,
    }
    return make_project(folder, spec, model, text)


@pytest.mark.parametrize(
    ("loader", "options", "ranks"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_killed_and_resumed_equals_straight(
    tmp_path: Path, loader: str, options: dict[str, Any], ranks: int | None
) -> None:
    """From kills all over the run, at the ends of epochs among them."""
    project = make(tmp_path, loader, options)
    straight = launch(project, ranks=ranks, fault=Fault())
    assert straight.done, straight.output
    shutil.move(run_folder(project), tmp_path / "straight")
    kills = 3 if ranks else 8
    for kill in range(1, kills + 1):
        change = straight.changes * kill // (kills + 1)
        assert not launch(project, ranks=ranks, fault=Fault(change=change)).done
        if kill % 2:  # a second kill, after a resume
            resume(project, ranks, fault=Fault(change=straight.changes // (kills + 1)))
        finish(project, ranks)
        assert_same_runs(tmp_path / "straight", run_folder(project))
        shutil.rmtree(project / "runs")


@pytest.mark.parametrize("max_steps", [-1, 16, 12])
@pytest.mark.parametrize("loader", [SHUFFLED, OF_STREAM, "BeginningAnew(6)", "Stream(22)"])
def test_killed_behind_the_last_step(tmp_path: Path, loader: str, max_steps: int) -> None:
    """The epoch's end is still to come, or the pass of the averaged model over the data."""
    options = {"max_steps": max_steps, "swa": {"swa_epoch_start": 1}}
    project = make(tmp_path, loader, options, MODEL.replace("Dropout(0.3)", "BatchNorm1d(8)"))
    straight = launch(project, fault=Fault())
    assert straight.done and "average of" in straight.output, straight.output
    shutil.move(run_folder(project), tmp_path / "straight")
    for change in range(straight.changes - 12, straight.changes, 2):
        assert not launch(project, fault=Fault(change=change)).done
        finish(project, None)
        # before an end that is looked for, the resumed run saves once more
        assert_same_runs(tmp_path / "straight", run_folder(project), but=["previous.ckpt"])
        shutil.rmtree(project / "runs")
