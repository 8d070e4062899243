"""Where a resumed run does better than Lightning's: each test shows the answer of both."""

import csv

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.parity.beside import beside, make_script
from tests.parity.ranks import on_ranks, on_two_ranks, run_lightning, run_script
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


LOGGED = {"max_epochs": 2, "checkpoint": {"every_n_train_steps": 4}, "log_every_n_steps": 1}


def failed(script, run, *arguments, **settings):
    """Let a run fail in its sixth step."""
    samples, toy = script.model.Toy.samples, script.model.Toy
    step = toy.training_step

    def failing(self, batch):
        if len(samples) == 5:
            raise RuntimeError("the sixth step")
        return step(self, batch)

    samples.clear()
    toy.training_step = failing
    with pytest.raises(RuntimeError, match="the sixth step"):
        run(*arguments, **settings)
    toy.training_step = step


def failed_and_resumed(script, folder, *loggers):
    """Lightning's run that fails with the first logger, and is resumed with each other."""
    saving = ModelCheckpoint(folder / "theirs", every_n_train_steps=4, save_last=True)
    flags = {"num_sanity_val_steps": 0, "log_every_n_steps": 1}
    keep = {**flags, "callbacks": [saving], "enable_checkpointing": True}
    failed(script, beside, script, sgd, logger=loggers[0], **keep)
    for logger in loggers[1:]:
        resumed(script, sgd, folder / "theirs" / "last.ckpt", logger=logger, **flags)


def steps_of(path):
    """The steps of the rows that hold a training loss, in their order."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    name = "train_loss_step" if "train_loss_step" in rows[0] else "train_loss"
    return [int(row["step"]) for row in rows if row[name]]


def test_rows_behind_the_checkpoint(tmp_path):
    """A run that failed in its sixth step goes on from the fourth: each step has one row.

    The file is that of a run that did not fail. Lightning begins another one, so that the step
    that is done again stands in both; told to go on with the first, it removes all that is in it.
    """
    script = make_script(tmp_path / "failing", {**STOPPED, **LOGGED})
    versions = tmp_path / "lightning_logs"
    failed_and_resumed(script, tmp_path, CSVLogger(tmp_path), CSVLogger(tmp_path))
    theirs = [steps_of(versions / f"version_{n}" / "metrics.csv") for n in (0, 1)]
    assert theirs[0] == [0, 1, 2, 3, 4] and theirs[1][0] == 4
    last = tmp_path / "theirs" / "last.ckpt"
    again = CSVLogger(tmp_path, version=0)
    resumed(script, sgd, last, logger=again, num_sanity_val_steps=0, log_every_n_steps=1)
    assert steps_of(versions / "version_0" / "metrics.csv")[0] == 4

    failed(script, script.run_rank)
    ours = script.folder / "runs" / "version_0" / "metrics.csv"
    assert steps_of(ours) == [1, 2, 3, 4, 5]
    script.run_rank(resume="last")
    assert steps_of(ours) == list(range(1, 13))
    straight = make_script(tmp_path / "straight", {**STOPPED, **LOGGED})
    straight.run_rank()
    assert ours.read_text() == (straight.folder / "runs/version_0/metrics.csv").read_text()


def test_points_behind_the_checkpoint(tmp_path):
    """TensorBoard reads one point for each step; in Lightning's folder two for the fifth."""
    script = make_script(tmp_path, {**STOPPED, **LOGGED, "loggers": ["tensorboard"]})
    theirs = [TensorBoardLogger(tmp_path, version=0) for _ in range(2)]
    failed_and_resumed(script, tmp_path, *theirs)
    assert steps_read(theirs[0].log_dir, "train_loss_step")[:6] == [0, 1, 2, 3, 4, 4]

    failed(script, script.run_rank)
    script.run_rank(resume="last")
    points = steps_read(script.folder / "runs" / "version_0" / "tensorboard" / "fit", "train_loss")
    assert points == list(range(1, 13))


def steps_read(folder, tag):
    """The steps of the points that TensorBoard reads."""
    return [point.step for point in EventAccumulator(str(folder)).Reload().Scalars(tag)]


def test_what_is_left_of_an_epoch_for_fewer_ranks(tmp_path):
    """Two ranks stop behind 8 of 12 samples; one process sees the other four, in larger batches.

    Lightning's sees four that were seen, and the last four of the epoch never.
    """
    options = {**STOPPED, "data": numbers(12), "batch_size": 2}
    ddp = {**options, "strategy": "ddp", "devices": 2}
    folder = make_script(tmp_path / "two", ddp).folder
    alone = make_script(tmp_path / "one", {**options, "batch_size": 4})
    saving = ModelCheckpoint(tmp_path / "theirs", every_n_train_steps=2, save_last=True)
    flags = {"max_steps": 2, "enable_checkpointing": True, "callbacks": [saving]}
    seen = [samples for _, _, samples in on_two_ranks(run_lightning, folder, ddp, sgd, flags)]
    theirs = alone.model.Toy.samples
    theirs.clear()
    resumed(alone, sgd, tmp_path / "theirs" / "last.ckpt", num_sanity_val_steps=0)
    assert len(set(seen[0] + seen[1])) == 8
    assert set(theirs) < set(seen[0] + seen[1]) and len(theirs) == 4

    assert on_two_ranks(run_script, folder, ddp, {"max_steps": 2}) == seen
    settings = {"resume": "last", "max_steps": -1, "batch_size": 4}
    (left,) = on_ranks(1, run_script, folder, ddp, settings)
    assert sorted(seen[0] + seen[1] + left) == list(range(1, 13))
