"""A run that is stopped within an epoch, or at its last batch, and what is logged then."""

import csv
from pathlib import Path

import pytest

from tests.support.killed_runs import project, run_folder
from tests.support.launch import launch
from tests.support.projects import make_project
from tests.support.random_user_code import MODEL
from tests.support.same_runs import load_whole

ROWS = {"log_every_n_steps": 50}


def rows(folder: Path, column: str) -> list[tuple[int, int, float]]:
    """Return step, epoch and value of the rows in which the column has a value."""
    with (run_folder(folder) / "metrics.csv").open(newline="") as file:
        read = [row for row in csv.DictReader(file) if row.get(column)]
    return [(int(row["step"]), int(row["epoch"]), float(row[column])) for row in read]


def test_a_stop_within_the_epoch_logs_its_mean_and_a_resumed_run_the_whole_one(
    tmp_path: Path,
) -> None:
    options = {"batch_size": 6, "max_epochs": 2, **ROWS}
    assert launch(project(tmp_path / "straight", options)).done
    folder = project(tmp_path / "stopped", options)
    assert launch(folder, "--max-steps", "4").done
    assert [row[:2] for row in rows(folder, "train_loss_epoch")] == [(4, 0)]
    assert rows(folder, "val_loss") == []
    assert launch(folder, "--resume", "last", "--max-steps", "-1").done
    csvs = [(run_folder(tmp_path / n) / "metrics.csv").read_text() for n in ("straight", "stopped")]
    assert csvs[0] == csvs[1]


@pytest.mark.parametrize("max_steps", ["4", "8", "24"])
def test_a_run_that_is_done_is_left_as_it_is(tmp_path: Path, max_steps: str) -> None:
    """Stopped within an epoch, at its end, and after all epochs."""
    folder = project(tmp_path, {"batch_size": 6, "max_epochs": 2, **ROWS})
    assert launch(folder, "--max-steps", max_steps).done
    before = contents(run_folder(folder))
    ended = launch(folder, "--resume", "last")
    assert ended.done and "nothing left to train" in ended.output, ended.output
    assert contents(run_folder(folder)) == before


def test_time_that_is_up_at_an_epochs_end_is_saved(tmp_path: Path) -> None:
    """Also in an epoch whose end is none of those that are saved, by ranks that share a clock."""
    options = {
        "strategy": "ddp",
        "devices": 2,
        "max_time": 0.001,
        "limit_val_batches": 0,
        "checkpoint": {"every_n_epochs": 5, "train_time_interval": None},
        "max_epochs": 9,
        **ROWS,
    }
    folder = make_project(tmp_path / "project", options)
    ended = launch(folder, ranks=2)
    assert ended.done and "max_time of 0.001 s is over" in ended.output, ended.output
    state = load_whole(run_folder(folder) / "checkpoints" / "last.ckpt")
    assert (state["epoch"], state["step"]) == (1, 7)


def contents(folder: Path) -> dict[str, bytes]:
    """Return what lies in the folder, by name."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("split", [("2", "8"), ("4", "4"), ("8", "2"), ("16", "1")])
def test_the_end_of_an_epoch_is_known_in_another_split_of_the_global_batch(
    tmp_path: Path, split: tuple[str, str]
) -> None:
    """A checkpoint after the epoch's last batch: what the epoch's end brings is still to come."""
    batch_size, accumulate = split
    options = {
        "batch_size": 2,
        "accumulate_grad_batches": 8,
        "checkpoint": {"every_n_train_steps": 1},
        "max_epochs": 1,
    }
    folder = project(tmp_path, options)
    assert launch(folder).done
    within = run_folder(folder) / "checkpoints" / "previous.ckpt"
    assert load_whole(within)["position"] >= 46
    (before,) = rows(folder, "val_loss")
    settings = ["--batch-size", batch_size, "--accumulate-grad-batches", accumulate]
    ended = launch(folder, "--resume", str(within), "--max-epochs", "2", *settings)
    assert ended.done, ended.output
    assert [row[:2] for row in rows(folder, "val_loss")] == [(3, 0), (6, 1)]
    assert rows(folder, "val_loss")[0][2] == pytest.approx(before[2], rel=1e-5)


STREAM = """\
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import IterableDataset


class Stream(IterableDataset[tuple[Tensor, ...]]):
    position = 0

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        while self.position < 26:
            self.position += 1
            generator = torch.Generator().manual_seed(self.position)
            x = torch.randn(8, generator=generator)
            yield x, x[:3].argmax(), torch.tensor(self.position)
        self.position = 0

    def state_dict(self) -> dict[str, Any]:
        return {"position": self.position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.position = state["position"]


class Data:
    def train_dataset(self) -> Stream:
        return Stream()

    def val_dataset(self) -> Stream:
        return Stream()
"""


def streaming(folder: Path, accumulate: int) -> Path:
    """Return a project whose training data is a stream of 13 batches with a state."""
    options = {
        "module": {"path": "model.py:Net", "args": {"record": "seen"}},
        "data": "data.py:Data",
        "batch_size": 2,
        "accumulate_grad_batches": accumulate,
        "max_epochs": 3,
        "checkpoint": {"every_n_train_steps": 1},
        "optimizer": {"name": "SGD", "lr": 0.01},
        "enable_progress_bar": False,
        **ROWS,
    }
    return make_project(folder, options, MODEL, STREAM)


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("which", ["last", "previous"])
@pytest.mark.parametrize("stop", [3, 6, 7, 8, 13, 14])
def test_a_stream_goes_on_after_a_stop_at_any_step(
    tmp_path: Path, accumulate: int, which: str, stop: int
) -> None:
    """At the epoch's last batch too, where the window may not be full."""
    straight = streaming(tmp_path / "straight", accumulate)
    assert launch(straight).done
    folder = streaming(tmp_path / "stopped", accumulate)
    ended = launch(folder, "--max-steps", str(stop))
    assert ended.done, ended.output
    steps = -(-13 // accumulate)
    at_end = [(steps * (n + 1), n) for n in range(stop // steps)]
    assert [row[:2] for row in rows(folder, "val_loss")] == at_end
    if which == "previous":
        seen = "".join((folder / "seen0").read_text().splitlines(True)[: -accumulate or None])
        (folder / "seen0").write_text(seen)
    checkpoint = run_folder(folder) / "checkpoints" / f"{which}.ckpt"
    ended = launch(folder, "--resume", str(checkpoint), "--max-steps", "-1")
    assert ended.done, ended.output
    for column in ("val_loss", "train_loss_epoch"):
        assert rows(folder, column) == rows(straight, column)
    if which == "last":
        assert (folder / "seen0").read_text() == (straight / "seen0").read_text()


def test_a_stream_without_samples_is_said(tmp_path: Path) -> None:
    folder = streaming(tmp_path, 1)
    data = folder / "data.py"
    data.write_text(data.read_text().replace("< 26", "< 0"))
    ended = launch(folder)
    assert ended.codes == [1] and "the training data is empty in epoch 0" in ended.output
