"""Checkpoints by steps, by epochs and by time, beside Lightning's ModelCheckpoint."""

import time
from datetime import timedelta

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from tests.parity.beside import beside, make_script
from tests.parity.test_loop import TOY, numbers, sgd

OPTIONS = {**TOY, "data": numbers(5), "max_epochs": 4, "limit_val_batches": 0}
END = "epoch=3-step=20.ckpt"
OFF = {"every_n_train_steps": None, "every_n_epochs": None, "train_time_interval": None}


def files(tmp_path, ours, theirs):
    """The names that the script leaves and those that Lightning does, where each state is kept."""
    script = make_script(tmp_path, {**OPTIONS, "checkpoint": {**OFF, **ours, "save_top_k": -1}})
    saving = ModelCheckpoint(tmp_path / "theirs", save_top_k=-1, **theirs)
    beside(script, sgd, callbacks=[saving], enable_checkpointing=True, limit_val_batches=0)
    return script.run().files, sorted(path.name for path in tmp_path.glob("theirs/*"))


@pytest.mark.parametrize("every", [1, 2, 4])
def test_by_epochs(tmp_path, every):
    """At the end of every so many epochs."""
    interval = {"every_n_epochs": every}
    ours, theirs = files(tmp_path, interval, interval)
    assert ours == theirs != []


@pytest.mark.parametrize("every", [1, 4, 5, 10])
def test_by_steps(tmp_path, every):
    """After every so many optimizer steps of the whole run; the script keeps its end too."""
    interval = {"every_n_train_steps": every}
    ours, theirs = files(tmp_path, interval, interval)
    assert within(ours) == within(theirs) != []
    assert END in ours


def within(names):
    """Those of the steps before the last."""
    return [name for name in names if not name.startswith("epoch=3-step=20")]


def test_by_time(tmp_path, monkeypatch):
    """A clock that goes on by a second with each step: after the 7th, the 14th of 20."""
    shown = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: shown[0])
    given = {**OFF, "train_time_interval": 6.5, "save_top_k": -1}
    script = make_script(tmp_path, {**OPTIONS, "checkpoint": given})
    toy = script.model.Toy
    step = toy.training_step

    def slow(self, batch):
        shown[0] += 1
        return step(self, batch)

    toy.training_step = slow
    saving = ModelCheckpoint(
        tmp_path / "theirs", save_top_k=-1, train_time_interval=timedelta(seconds=6.5)
    )
    beside(script, sgd, callbacks=[saving], enable_checkpointing=True, limit_val_batches=0)
    theirs = sorted(path.name for path in tmp_path.glob("theirs/*"))
    assert theirs == ["epoch=1-step=7.ckpt", "epoch=2-step=14.ckpt"]
    assert script.run().files == [*theirs, END]


def test_weights_only(tmp_path):
    """What a run needs to go on is left out by both, and the weights and the place are there."""
    left_out = []
    for only in (True, False):
        folder = tmp_path / str(only)
        given = {"save_last": True, "save_weights_only": only}
        script = make_script(folder, {**OPTIONS, "checkpoint": given})
        saving = ModelCheckpoint(folder / "theirs", **given)
        beside(script, sgd, callbacks=[saving], enable_checkpointing=True, limit_val_batches=0)
        theirs = torch.load(folder / "theirs" / "last.ckpt", weights_only=False)
        ours = script.run().state
        assert ours["model"]["w"] == theirs["state_dict"]["model.w"]
        assert (ours["step"], ours["epoch"]) == (theirs["global_step"], 4)
        left_out.append(("optimizer" not in ours, "optimizer_states" not in theirs))
    assert left_out == [(True, True), (False, False)]
