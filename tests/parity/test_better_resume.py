"""Where a resumed run does better than Lightning's: each test shows the answer of both."""

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from tests.parity.beside import beside, make_script
from tests.parity.test_loop import TOY, numbers, sgd
from tests.parity.test_weights import ADAM, adam

STOPPED = {**TOY, "data": numbers(6), "max_epochs": 1, "shuffle": True}


def resumed(script, optimizers, path, **flags):
    """Lightning's trainer after it has gone on from its checkpoint."""
    return beside(script, optimizers, fit={"ckpt_path": path, "weights_only": False}, **flags)


def test_what_is_left_of_an_epoch(tmp_path):
    """Stopped behind 4 batches of 6, a run sees the other two, and no batch twice.

    Lightning, whose loader begins anew, sees the first ones again and the last two never.
    """
    script = make_script(tmp_path, STOPPED)
    samples = script.model.Toy.samples

    def seen(run, *arguments, **settings):
        samples.clear()
        run(*arguments, **settings)
        return samples.copy()

    whole = seen(script.run_rank)
    assert sorted(whole) == [1, 2, 3, 4, 5, 6]
    saving = ModelCheckpoint(tmp_path / "theirs", every_n_train_steps=4, save_last=True)
    keep = {"enable_checkpointing": True, "num_sanity_val_steps": 0}
    seen(beside, script, sgd, callbacks=[saving], max_steps=4, **keep)
    theirs = seen(resumed, script, sgd, tmp_path / "theirs" / "last.ckpt", num_sanity_val_steps=0)
    assert theirs == whole[:2]
    assert seen(script.run_rank, max_steps=4) == whole[:4]
    assert seen(script.run_rank, resume="last", max_steps=-1) == whole[4:]


def test_a_run_that_is_stopped_often_shuffles_anew(tmp_path):
    """Stopped after each of three epochs, the orders are those of a run that was left alone.

    Lightning, which shuffles by a seed that is drawn when a process starts, has one order in all.
    """
    script = make_script(tmp_path, {**STOPPED, "max_epochs": 3})
    samples = script.model.Toy.samples
    path = tmp_path / "theirs" / "last.ckpt"
    for epochs in (1, 2, 3):
        saving = ModelCheckpoint(tmp_path / "theirs", save_last=True)
        fit = {"ckpt_path": path, "weights_only": False} if epochs > 1 else None
        flags = {"enable_checkpointing": True, "num_sanity_val_steps": 0, "max_epochs": epochs}
        beside(script, sgd, callbacks=[saving], own_order=True, fit=fit, **flags)
    assert samples[:6] == samples[6:12] == samples[12:]
    samples.clear()
    script.run_rank()
    straight = samples.copy()
    assert straight[:6] != straight[6:12] != straight[12:]
    samples.clear()
    script.run_rank(max_epochs=1)
    for epochs in (2, 3):
        script.run_rank(resume="last", max_epochs=epochs)
    assert samples == straight


def test_dropout_goes_on(tmp_path):
    """Stopped between two epochs, the weights are those of a run that was left alone.

    Lightning saves no random state: its dropout begins anew.
    """
    script = make_script(tmp_path, {"optimizer": {"name": "Adam", **ADAM}, "max_epochs": 2})
    saving = ModelCheckpoint(tmp_path / "theirs", save_last=True)
    straight = beside(script, adam).lightning_module.model.state_dict()
    beside(script, adam, callbacks=[saving], enable_checkpointing=True, max_epochs=1)
    again = resumed(script, adam, tmp_path / "theirs" / "last.ckpt", num_sanity_val_steps=0)
    theirs = again.lightning_module.model.state_dict()
    assert not torch.equal(theirs["hidden.weight"], straight["hidden.weight"])
    whole = script.run().weights
    script.run_rank(max_epochs=1)
    script.run_rank(resume="last", max_epochs=2)
    path = script.folder / "runs" / "version_1" / "checkpoints" / "last.ckpt"
    ours = torch.load(path, weights_only=True)["model"]
    assert all(torch.equal(ours[name], whole[name]) for name in whole)


def test_a_torn_last_checkpoint(tmp_path, capsys):
    """The one before it is used, and that is said. Lightning ends with an error."""
    script = make_script(tmp_path, {**STOPPED, "max_epochs": 2})
    saving = ModelCheckpoint(tmp_path / "theirs", save_last=True)
    beside(script, sgd, callbacks=[saving], enable_checkpointing=True)
    script.run_rank()
    ours = script.folder / "runs" / "version_0" / "checkpoints" / "last.ckpt"
    for path in (tmp_path / "theirs" / "last.ckpt", ours):
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Exception, match="central directory|corrupt|zip"):
        resumed(script, sgd, tmp_path / "theirs" / "last.ckpt")
    script.run_rank(resume="last", max_epochs=3)
    assert "previous.ckpt, step 6" in capsys.readouterr().err
    assert torch.load(ours, weights_only=True)["step"] == 18


def test_intervals_of_two_kinds(tmp_path):
    """Steps, epochs and time may be set together; Lightning takes one of them."""
    both = {"every_n_train_steps": 2, "train_time_interval": 600.0}
    with pytest.raises(Exception, match="mutually exclusive"):
        ModelCheckpoint(tmp_path / "theirs", every_n_train_steps=2, every_n_epochs=1)
    script = make_script(tmp_path, {**STOPPED, "checkpoint": {**both, "every_n_epochs": 1}})
    assert script.run().state["step"] == 6


def test_a_checkpoint_holds_plain_types(tmp_path):
    """It loads as weights only, and has every random state; Lightning's has none."""
    script = make_script(tmp_path, {**STOPPED, "max_epochs": 1})
    state = script.run().state  # loaded with weights_only
    assert {"model", "optimizer", "ranks", "config", "step", "epoch", "position"} <= state.keys()
    assert state["ranks"][0]["random_state"]
    saving = ModelCheckpoint(tmp_path / "theirs", save_last=True)
    beside(script, sgd, callbacks=[saving], enable_checkpointing=True)
    theirs = torch.load(tmp_path / "theirs" / "last.ckpt", weights_only=False)
    assert not [key for key in theirs if "random" in key or "rng" in key]
