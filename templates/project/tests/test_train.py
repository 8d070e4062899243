"""Shown here: {{ tests_show }}."""

import json
import math
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch.utils.data import Subset

import train
from runtime.distributed import end_distributed
from train import TRAIN_NAMES

WORLD_SIZE = {{ test_world_size }}  #: if distributed


#: if overfits
class OneBatch(UserData):
    """The first training samples, as many as one step uses, again and again."""

    def train_dataset(self) -> Any:
        dataset: Any = super().train_dataset()
        return Subset(dataset, [*range(min({{ test_samples }}, len(dataset)))] * {{ overfit_batches }})

    def val_dataset(self) -> Any:  #: if test_replaces_validation
        return self.train_dataset()


def one_epoch(FOLDER: str) -> dict[str, float]:
    """Train on one batch for one epoch."""
    with patch.object(train, {{ data_name | literal }}, OneBatch):
        return main(Config({{ overfit_first }}, {{ test_root }}))


def many_epochs(FOLDER: str) -> dict[str, float]:
    """Train on one batch for many epochs."""
    with patch.object(train, {{ data_name | literal }}, OneBatch):
        return main(Config({{ overfit_last }}, {{ test_root }}))


def test_overfits_one_batch(tmp_path: Path) -> None:
    """From the first epoch to the last its mean loss falls by more than half."""
    first = run(one_epoch, tmp_path)
    last = run(many_epochs, tmp_path)
    assert last["train_loss_epoch"] < 0.5 * first["train_loss_epoch"], (
        "where the learning rate is small or the model strongly regularised, it falls slowly: "
        "give one_epoch and many_epochs a higher rate or less dropout, or the second more epochs"
    )


#: endif
def whole_run(FOLDER: str) -> dict[str, float]:  #: if not overfits or resumes
    """Train without a stop."""
    return main(Config({{ resume_settings }}, {{ test_root }}))


def test_trains(tmp_path: Path) -> None:  #: if not overfits
    """A run ends with metrics that are numbers."""
    assert all(math.isfinite(value) for value in run(whole_run, tmp_path).values())


#: if resumes
class Stopped(Exception):
    """Whatever ends a run early."""


def stopped_run(folder: str) -> dict[str, float]:
    """Train until the first checkpoint after step 2 is written."""
    save = train.CHECKPOINTS.SAVE

    def save_and_stop(self: Any, *arguments: Any, step: int, **others: Any) -> None:
        save(self, *arguments, step=step, **others)
        self.wait()  #: if async_save
        if step > 2:
            raise Stopped

    train.CHECKPOINTS.SAVE = save_and_stop  # type: ignore
    try:
        return main(Config({{ resume_settings }}, default_root_dir=folder))
    finally:
        train.CHECKPOINTS.SAVE = save  # type: ignore


def resumed_run(folder: str) -> dict[str, float]:
    """Resume from the last checkpoint."""
    return main(Config({{ resume_settings }}, resume="last", default_root_dir=folder))


def test_resumed_run_equals_whole_run(tmp_path: Path) -> None:
    """Weights, optimizer, random states and metrics are the same bit for bit."""
    run(whole_run, tmp_path / "whole")
    with pytest.raises(Exception, match="Stopped"):  #: wrap if distributed
        with pytest.raises(Stopped):  #: wrap if not distributed
            run(stopped_run, tmp_path / "stopped")
    run(resumed_run, tmp_path / "stopped")
    assert_same(saved(tmp_path / "whole"), saved(tmp_path / "stopped"))


def saved(folder: Path) -> Any:
    """Return what the last checkpoint of a run holds, its settings left out."""
    checkpoint = folder / "version_0" / "checkpoints" / "last.ckpt"
    content = torch.load(checkpoint, weights_only=True)  #: if not fsdp
    content = torch.load(checkpoint / "state.pt", weights_only=True)  #: if fsdp
    del content["config"]
    del content["elapsed"]  #: if timed
    del content["log"]["TensorBoardLogger"]["sizes"]  # of files that are named by the time  #: if tensorboard
    return content


def assert_same(one: Any, other: Any) -> None:
    """Fail unless both are equal, tensors bit for bit."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for mine, theirs in zip(one, other):
            assert_same(mine, theirs)
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    else:
        assert one == other


#: endif
def run(function: Callable[[str], dict[str, float]], folder: Path) -> dict[str, float]:  #: if not distributed
    """Return what the function makes of the folder."""
    return function(str(folder))


#: if distributed
def run(function: Callable[[str], dict[str, float]], folder: Path) -> dict[str, float]:
    """Call the function in {{ test_processes }} and return what it returns in the first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(on_rank, (port, function, folder), nprocs=WORLD_SIZE)
    return json.loads((folder / "metrics.json").read_text())


def on_rank(
    rank: int, port: int, function: Callable[[str], dict[str, float]], folder: Path
) -> None:
    """Call the function as in a process that torchrun started."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank)}
    os.environ |= {"WORLD_SIZE": str(WORLD_SIZE)}
    torch.set_num_threads(1)
    metrics = function(str(folder))
    if rank == 0:
        (folder / "metrics.json").write_text(json.dumps(metrics))
    end_distributed()


#: endif
#: if cuda
pytestmark = pytest.mark.skipif(
    torch.cuda.device_count() < {{ test_world_size }},
    reason="CUDA devices needed: {{ test_world_size }}",
)
#: endif
#: if mps
pytestmark = pytest.mark.skipif(
    not torch.backends.mps.is_available(), reason="needs a Metal device"
)
#: endif
