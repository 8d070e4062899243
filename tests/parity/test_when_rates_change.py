"""When schedulers step: the rates that training and validation meet, beside Lightning's."""

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from torch.optim import lr_scheduler

from tests.parity.beside import assert_equal_weights, beside, make_script
from tests.parity.test_loop import TOY, numbers, sgd

HOOKED = {**TOY, "module": "model.py:Hooked", "data": numbers(4), "max_epochs": 3}


@pytest.fixture
def rates(monkeypatch):
    """By moment, the rates of the newest SGD when the hooks of a Hooked are called."""
    newest, found = [], []
    build = torch.optim.SGD.__init__

    def noting(self, *arguments, **keywords):
        newest[:] = [self]
        build(self, *arguments, **keywords)

    monkeypatch.setattr(torch.optim.SGD, "__init__", noting)

    def noted(hook):
        def note(self):
            found.append((hook, newest[0].param_groups[0]["lr"]))

        return note

    def look_at(script):
        found.clear()
        for hook in ("on_train_batch_start", "on_validation_start"):
            setattr(script.model.Hooked, hook, noted(hook))
        return found

    return look_at


def configured(make, **config):
    """The optimizer and a scheduler as Lightning wants them."""

    def optimizers(model):
        optimizer = sgd(model)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": make(optimizer), **config}}

    return optimizers


def assert_same_rates(script, rates, optimizers, **flags):
    """Fail unless every moment has the rate that it has in Lightning."""
    found = rates(script)
    trainer = beside(script, optimizers, num_sanity_val_steps=0, **flags)
    theirs = found.copy()
    found.clear()
    result = script.run()
    assert len({rate for _, rate in theirs}) > 1
    assert found == theirs
    assert_equal_weights(result, trainer)


@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize(
    "flags",
    [{}, {"val_check_interval": 2}, {"val_check_interval": 3}, {"check_val_every_n_epoch": 2}],
    ids=str,
)
def test_a_schedule_steps_before_the_last_validation(tmp_path, rates, interval, flags):
    """That of an epoch before the epoch's last one, that of steps before each."""
    scheduler = {"name": "ExponentialLR", "gamma": 0.5, "interval": interval}
    script = make_script(tmp_path, {**HOOKED, "scheduler": scheduler, **flags})
    make = configured(
        lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.5), interval=interval
    )
    assert_same_rates(script, rates, make, **flags)


@pytest.mark.parametrize(
    ("interval", "frequency", "epochs"), [("epoch", 2, 5), ("epoch", 3, 7), ("step", 2, 3)]
)
def test_a_schedule_that_steps_less_often(tmp_path, rates, interval, frequency, epochs):
    """Every second epoch, or every second step where an epoch has a multiple of them."""
    config = {"interval": interval, "frequency": frequency}
    scheduler = {"name": "ExponentialLR", "gamma": 0.5, **config}
    script = make_script(tmp_path, {**HOOKED, "max_epochs": epochs, "scheduler": scheduler})
    make = configured(lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.5), **config)
    assert_same_rates(script, rates, make)


@pytest.mark.parametrize("arguments", [{}, {"patience": 1, "threshold": 0.5}, {"mode": "max"}])
def test_the_plateau_steps_behind_the_validation(tmp_path, rates, arguments):
    """With a validation in each epoch, where Lightning has no stale value to judge."""
    given = {"factor": 0.5, "patience": 0, **arguments}
    scheduler = {"name": "ReduceLROnPlateau", "monitor": "val_x", **given}
    script = make_script(tmp_path, {**HOOKED, "max_epochs": 5, "scheduler": scheduler})
    make = configured(
        lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, **given), monitor="val_x"
    )
    assert_same_rates(script, rates, make)


def test_warmup(tmp_path, rates):
    """torch's own schedules joined to one, in both."""
    scheduler = {"name": "CosineAnnealingLR", "interval": "step", "warmup_steps": 4}
    script = make_script(tmp_path, {**HOOKED, "scheduler": scheduler})

    def make(optimizer):
        warmup = lr_scheduler.LinearLR(optimizer, 1 / 5, total_iters=4)
        cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
        return lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[4])

    assert_same_rates(script, rates, configured(make, interval="step"))


def test_a_schedule_of_validations(tmp_path, rates):
    """It steps behind each, twice in an epoch; Lightning knows no such interval."""
    scheduler = {"name": "ExponentialLR", "gamma": 0.5, "interval": "validation"}
    flags = {"val_check_interval": 2}
    script = make_script(tmp_path, {**HOOKED, "max_epochs": 1, "scheduler": scheduler, **flags})
    make = configured(
        lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.5), interval="validation"
    )
    with pytest.raises(MisconfigurationException, match="validation"):
        beside(script, make, num_sanity_val_steps=0, **flags)
    found = rates(script)
    result = script.run()
    assert [rate for hook, rate in found if hook == "on_train_batch_start"] == [
        0.1,
        0.1,
        0.05,
        0.05,
    ]
    assert result.state["optimizer"]["param_groups"][0]["lr"] == 0.025


def test_the_plateau_has_stepped_in_the_checkpoint_of_its_validation(tmp_path):
    """A run that goes on from the state of epoch 2 has judged both values.

    Lightning saves before its scheduler steps, so that the judgement of that epoch is lost.
    """
    given = {"factor": 0.5, "patience": 0}
    options = {
        **TOY,
        "module": {"path": "model.py:Scripted", "args": {"scores": "1 1"}},
        "data": numbers(3),
        "max_epochs": 2,
        "scheduler": {"name": "ReduceLROnPlateau", "monitor": "val_loss", **given},
    }
    script = make_script(tmp_path, options)
    make = configured(
        lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, **given), monitor="val_loss"
    )
    saving = ModelCheckpoint(tmp_path / "theirs", save_top_k=-1, filename="{epoch}")
    flags = {"enable_checkpointing": True, "num_sanity_val_steps": 0}
    trainer = beside(script, make, callbacks=[saving], **flags)
    assert trainer.optimizers[0].param_groups[0]["lr"] == 0.05
    theirs = torch.load(tmp_path / "theirs" / "epoch=1.ckpt", weights_only=False)
    assert theirs["optimizer_states"][0]["param_groups"][0]["lr"] == 0.1
    assert theirs["lr_schedulers"][0]["last_epoch"] == 1
    state = script.run().state
    assert state["optimizer"]["param_groups"][0]["lr"] == 0.05
    assert state["scheduler"]["last_epoch"] == 2


@pytest.mark.parametrize(
    "options, scheduler",
    [
        ({"max_epochs": 5}, {"frequency": 2}),
        ({"max_epochs": 4}, {"frequency": 2}),
        ({"max_steps": 11}, {"interval": "step", "frequency": 3}),
        ({"max_steps": 12}, {"interval": "step", "frequency": 3}),
        ({"max_epochs": 5, "check_val_every_n_epoch": 2}, {"interval": "validation"}),
        ({"max_epochs": 6, "check_val_every_n_epoch": 2}, {"interval": "validation"}),
        ({"max_epochs": 4, "val_check_interval": 3}, {"interval": "validation"}),
        ({"max_epochs": 4, "val_check_interval": 2}, {"interval": "validation"}),
        ({"max_epochs": 4, "val_check_interval": 2}, {"interval": "validation", "frequency": 3}),
        (
            {"max_epochs": 5, "val_check_interval": 2, "check_val_every_n_epoch": 2},
            {"interval": "validation", "frequency": 2},
        ),
        (
            {"max_epochs": 4, "val_check_interval": 3, "check_val_every_n_epoch": None},
            {"interval": "validation"},
        ),
        ({"max_epochs": 9, "max_steps": 15}, {}),
        ({"max_epochs": 9, "max_steps": 15}, {"frequency": 2}),
        ({"max_epochs": 3, "max_steps": 99}, {}),
        ({"max_epochs": 9, "max_steps": 15, "accumulate_grad_batches": 3}, {}),
        ({"max_epochs": 9, "max_steps": 7, "accumulate_grad_batches": {0: 1, 1: 3}}, {}),
        ({"max_epochs": None, "max_steps": 7, "accumulate_grad_batches": {0: 1, 1: 3}}, {}),
        (
            {"max_epochs": 9, "max_steps": 15, "check_val_every_n_epoch": 2},
            {"interval": "validation"},
        ),
        (
            {"max_epochs": None, "max_steps": 15, "val_check_interval": 3},
            {"interval": "validation"},
        ),
        ({"max_epochs": 9, "max_steps": 15, "val_check_interval": 2}, {"interval": "validation"}),
        (
            {"max_epochs": 9, "accumulate_grad_batches": 3, "val_check_interval": 1},
            {"interval": "validation"},
        ),
        (
            {
                "max_epochs": 7,
                "accumulate_grad_batches": 3,
                "val_check_interval": 2,
                "check_val_every_n_epoch": None,
            },
            {"interval": "validation"},
        ),
        (
            {
                "max_epochs": 7,
                "accumulate_grad_batches": {0: 1, 2: 3},
                "val_check_interval": 1,
                "check_val_every_n_epoch": 2,
            },
            {"interval": "validation"},
        ),
    ],
    ids=str,
)
def test_a_schedule_ends_with_the_run(tmp_path, rates, options, scheduler):
    """Each of its rates trains, also where the frequency does not divide the run."""
    given = {"name": "OneCycleLR", "max_lr": 0.1, "cycle_momentum": False, **scheduler}
    script = make_script(tmp_path, {**HOOKED, "scheduler": given, **options})
    found = rates(script)
    script.run()
    trained = [rate for hook, rate in found if hook == "on_train_batch_start"]
    trained = [rate for rate, last in zip(trained, [None, *trained], strict=False) if rate != last]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    alone = lr_scheduler.OneCycleLR(optimizer, 0.1, len(trained), cycle_momentum=False)
    expected = []
    for _ in trained:
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        alone.step()
    assert trained == expected
