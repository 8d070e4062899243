"""Training data that lgen neither shuffles nor deals out: with a state, and without one."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler
from torch.utils.data import DistributedSampler

from tests.support.killed_runs import run_folder
from tests.support.launch import launch
from tests.support.projects import make_project, write_project

MODEL = """\
import json
import os

import torch
from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self, record: str = "") -> None:
        super().__init__()
        self.record = record
        self.layer = nn.Linear(4, 1)

    def training_step(self, batch: Tensor, epoch: int) -> dict[str, Tensor]:
        if self.record:
            with open(self.record + os.environ.get("RANK", "0"), "a") as file:
                print(json.dumps([epoch, batch.tolist()]), file=file)
        return {"loss": self.layer(batch).square().mean()}
"""
STREAM = """\
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import IterableDataset


class Noise(IterableDataset[Tensor]):
    def __iter__(self) -> Iterator[Tensor]:
        for _ in range(20):
            yield torch.randn(4)


class Data:
    def train_dataset(self) -> Noise:
        return Noise()
"""
LOADER = """\
from collections.abc import Iterator

import torch
from torch import Tensor


class Loader:
    def __init__(self) -> None:
        self.place = 0

    def __len__(self) -> int:
        return 12

    def __iter__(self) -> Iterator[Tensor]:
        while self.place < 12:
            self.place += 1
            yield torch.full((2, 4), float(self.place))
        self.place = 0

    def state_dict(self) -> dict[str, int]:
        return {"place": self.place}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.place = state["place"]


class Data:
    def train_dataloader(self) -> Loader:
        return Loader()
"""
OPTIONS: dict[str, Any] = {
    "module": "model.py:Net",
    "data": "data.py:Data",
    "optimizer": {"name": "SGD", "lr": 0.01},
    "max_epochs": 3,
    "log_every_n_steps": 1,
    "checkpoint": {"every_n_train_steps": 2, "save_top_k": -1},
    "enable_progress_bar": False,
    "enable_model_summary": False,
}


def rates(folder: Path) -> dict[int, float]:
    """Return the logged learning rate of each step."""
    with (run_folder(folder) / "metrics.csv").open(newline="") as file:
        return {int(row["step"]): float(row["lr"]) for row in csv.DictReader(file) if row["lr"]}


def test_schedule_is_as_long_as_a_run_whose_epoch_started_again(tmp_path: Path) -> None:
    """torch's OneCycleLR makes no step more than its length."""
    options = {
        **OPTIONS,
        "batch_size": 2,
        "num_workers": 0,
        "limit_train_batches": 10,
        "scheduler": {"name": "OneCycleLR", "interval": "step", "max_lr": 0.1},
    }
    make_project(tmp_path, options, MODEL, STREAM)
    assert launch(tmp_path).done
    within = run_folder(tmp_path) / "checkpoints" / "epoch=2-step=24.ckpt"
    ended = launch(tmp_path, "--resume", str(within))
    assert ended.done and "epoch 2 starts again" in ended.output, ended.output
    logged = rates(tmp_path)
    assert max(logged) == 34
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.01)
    schedule = lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=34)
    for step in range(1, 35):
        if step > 24:
            assert logged[step] == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < 34:
            schedule.step()


def test_no_epoch_starts_again_behind_an_epoch(tmp_path: Path) -> None:
    make_project(tmp_path, {**OPTIONS, "batch_size": 2}, MODEL, STREAM)
    assert launch(tmp_path, "--max-epochs", "1").done
    ended = launch(tmp_path, "--resume", "last", "--max-epochs", "2")
    assert ended.done and "starts again" not in ended.output, ended.output


@pytest.mark.parametrize("ranks", [None, 2])
def test_what_workers_draw_differs_by_epoch_and_rank_and_not_by_resuming(
    tmp_path: Path, ranks: int | None
) -> None:
    """A loader's workers are seeded from its generator, which no checkpoint holds."""
    record = tmp_path / "drawn"
    options = {**OPTIONS, "batch_size": 2, "num_workers": 1, "seed": 5}
    options["module"] = {"path": "model.py:Net", "args": {"record": str(record)}}
    if ranks is not None:
        options |= {"strategy": "ddp", "devices": ranks}
    make_project(tmp_path / "project", options, MODEL, STREAM)
    assert launch(tmp_path / "project", ranks=ranks).done
    straight = read_batches(record, ranks)
    assert len(straight) == len({json.dumps(batch) for _, batch in straight}) == 30 * (ranks or 1)
    ended = launch(tmp_path / "project", "--resume", "last", "--max-epochs", "1", ranks=ranks)
    assert ended.done and not read_batches(record, ranks), ended.output
    first = run_folder(tmp_path / "project") / "checkpoints" / "epoch=0-step=10.ckpt"
    ended = launch(tmp_path / "project", "--resume", str(first), ranks=ranks)
    assert ended.done, ended.output
    assert read_batches(record, ranks) == [drawn for drawn in straight if drawn[0] > 0]


def read_batches(record: Path, ranks: int | None) -> list[Any]:
    """Return epoch and batch of each training step of each rank, and forget them."""
    drawn = []
    for rank in range(ranks or 1):
        file = record.with_name(record.name + str(rank))
        if file.exists():
            drawn += [json.loads(line) for line in file.read_text().splitlines()]
            file.unlink()
    return drawn


@pytest.mark.parametrize(("saved", "other"), [(3, 2), (5, 3), (1, 2)])
def test_a_loader_with_a_state_keeps_its_windows(tmp_path: Path, saved: int, other: int) -> None:
    """Its state does not say whether the last window was full, so the window must be the same."""
    options = {**OPTIONS, "accelerator": "cpu", "accumulate_grad_batches": saved}
    write_project(tmp_path, options, MODEL, LOADER)
    assert launch(tmp_path, "--max-steps", "2").done
    write_project(tmp_path, {**options, "accumulate_grad_batches": other}, MODEL, LOADER)
    setting = "--accumulate-grad-batches", str(other)
    ended = launch(tmp_path, "--resume", "last", "--max-steps", "-1", *setting)
    expected = f"accumulate_grad_batches {other}: the checkpoint had {saved}"
    assert not ended.done and expected in ended.output, ended.output


def test_an_epoch_whose_last_window_was_not_full_is_not_trained_again(tmp_path: Path) -> None:
    options = {**OPTIONS, "accelerator": "cpu", "accumulate_grad_batches": 5}
    write_project(tmp_path, options, MODEL, LOADER)
    assert launch(tmp_path, "--max-steps", "3").done  # an epoch's last window has two batches
    ended = launch(tmp_path, "--resume", "last", "--max-steps", "-1")
    assert ended.done, ended.output
    last = torch.load(run_folder(tmp_path) / "checkpoints" / "last.ckpt", weights_only=True)
    assert (last["step"], last["epoch"]) == (9, 3)


def test_a_distributed_sampler_is_told_each_epoch(tmp_path: Path) -> None:
    """Else each epoch has the order of the first."""
    record = tmp_path / "used"
    loader = """\
import torch
from torch import Tensor
from torch.utils.data import DataLoader, DistributedSampler


class Data:
    def train_dataloader(self) -> DataLoader[Tensor]:
        rows = torch.arange(8.0)[:, None].expand(8, 4)
        return DataLoader(rows, 2, sampler=DistributedSampler(rows))
"""
    options = {**OPTIONS, "strategy": "ddp", "devices": 2, "seed": 5}
    options["module"] = {"path": "model.py:Net", "args": {"record": str(record)}}
    write_project(tmp_path / "project", {**options, "accelerator": "cpu"}, MODEL, loader)
    assert launch(tmp_path / "project", ranks=2).done
    used: dict[int, list[int]] = {}
    for epoch, batch in read_batches(record, 2):
        used.setdefault(epoch, []).extend(int(row[0]) for row in batch)
    for epoch in range(3):
        expected = []
        for rank in range(2):
            sampler = DistributedSampler(range(8), num_replicas=2, rank=rank)
            sampler.set_epoch(epoch)
            expected += list(sampler)
        assert used[epoch] == expected
    assert used[0] != used[1]


@pytest.mark.parametrize("options", [{"max_epochs": 3}, {"max_epochs": None, "max_steps": 3}])
def test_a_loader_without_a_batch_ends_the_run(tmp_path: Path, options: dict[str, Any]) -> None:
    loader = LOADER.replace("return 12", "return 0")
    write_project(tmp_path, {**OPTIONS, "accelerator": "cpu", **options}, MODEL, loader)
    ended = launch(tmp_path)
    assert not ended.done and "the training loader has no batch" in ended.output, ended.output
