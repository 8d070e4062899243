"""Shown here: the script overfits one batch; a resumed run equals an uninterrupted one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch.utils.data import Subset

import train
from train import Config, Digits, main


class OneBatch(Digits):
    """The first training samples, as many as one step uses, again and again."""

    def train_dataset(self) -> Any:
        dataset: Any = super().train_dataset()
        return Subset(dataset, [*range(min(32, len(dataset)))] * 20)

    def val_dataset(self) -> Any:
        return self.train_dataset()


def one_epoch(folder: str) -> dict[str, float]:
    """Train on one batch for one epoch."""
    with patch.object(train, "Digits", OneBatch):
        return main(Config(max_epochs=1, num_workers=0, default_root_dir=folder))


def many_epochs(folder: str) -> dict[str, float]:
    """Train on one batch for many epochs."""
    with patch.object(train, "Digits", OneBatch):
        return main(Config(max_epochs=10, num_workers=0, default_root_dir=folder))


def test_overfits_one_batch(tmp_path: Path) -> None:
    """From the first epoch to the last its mean loss falls by more than half."""
    first = run(one_epoch, tmp_path)
    last = run(many_epochs, tmp_path)
    assert last["train_loss_epoch"] < 0.5 * first["train_loss_epoch"], (
        "where the learning rate is small or the model strongly regularised, it falls slowly: "
        "give one_epoch and many_epochs a higher rate or less dropout, or the second more epochs"
    )


def whole_run(folder: str) -> dict[str, float]:
    """Train without a stop."""
    return main(
        Config(max_steps=8, train_time_interval=1e-6, log_every_n_steps=1, default_root_dir=folder)
    )


class Stopped(Exception):
    """Whatever ends a run early."""


def stopped_run(folder: str) -> dict[str, float]:
    """Train until the first checkpoint after step 2 is written."""
    save = train.Checkpoints.save

    def save_and_stop(self: Any, *arguments: Any, step: int, **others: Any) -> None:
        save(self, *arguments, step=step, **others)
        if step > 2:
            raise Stopped

    train.Checkpoints.save = save_and_stop  # type: ignore
    try:
        return main(
            Config(
                max_steps=8, train_time_interval=1e-6, log_every_n_steps=1, default_root_dir=folder
            )
        )
    finally:
        train.Checkpoints.save = save  # type: ignore


def resumed_run(folder: str) -> dict[str, float]:
    """Resume from the last checkpoint."""
    return main(
        Config(
            max_steps=8,
            train_time_interval=1e-6,
            log_every_n_steps=1,
            resume="last",
            default_root_dir=folder,
        )
    )


def test_resumed_run_equals_whole_run(tmp_path: Path) -> None:
    """Weights, optimizer, random states and metrics are the same bit for bit."""
    run(whole_run, tmp_path / "whole")
    with pytest.raises(Stopped):
        run(stopped_run, tmp_path / "stopped")
    run(resumed_run, tmp_path / "stopped")
    assert_same(saved(tmp_path / "whole"), saved(tmp_path / "stopped"))


def saved(folder: Path) -> Any:
    """Return what the last checkpoint of a run holds, its settings left out."""
    checkpoint = folder / "version_0" / "checkpoints" / "last.ckpt"
    content = torch.load(checkpoint, weights_only=True)
    del content["config"]
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


def run(function: Callable[[str], dict[str, float]], folder: Path) -> dict[str, float]:
    """Return what the function makes of the folder."""
    return function(str(folder))
