"""When things happen in the loop: the same moments as in Lightning."""

import csv

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger

from tests.parity.beside import assert_equal_weights, beside, make_script

TOY = {
    "module": "model.py:Toy",
    "optimizer": {"name": "SGD", "lr": 0.1},
    "batch_size": 1,
    "shuffle": False,
    "num_sanity_val_steps": 0,
}


def numbers(train, val=1):
    return {"path": "data.py:Numbers", "args": {"train": train, "val": val}}


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.1)


class Validations(Callback):
    """The steps and results of all validations."""

    def __init__(self):
        self.steps = []
        self.results = []

    def on_validation_end(self, trainer, pl_module):
        self.steps.append(trainer.global_step)
        self.results.append({name: float(v) for name, v in trainer.callback_metrics.items()})


@pytest.mark.parametrize(
    "interval, after",
    [(0.3, [3, 6, 9]), (1.0, [10]), (4, [4, 8]), (10, [10]), (0.01, range(1, 11))],
)
def test_validations_within_an_epoch(tmp_path, interval, after):
    """Of an epoch of 10 batches, 0.3 validates after 3, 6 and 9, and not at 10."""
    options = {**TOY, "data": numbers(10), "max_epochs": 2, "val_check_interval": interval}
    script = make_script(tmp_path, options)
    validations = Validations()
    trainer = beside(
        script, sgd, callbacks=[validations], val_check_interval=interval, num_sanity_val_steps=0
    )
    result = script.run()
    assert result.steps("val_x") == validations.steps == [*after, *(10 + step for step in after)]
    assert_equal_weights(result, trainer)


@pytest.mark.parametrize(
    "flags, after",
    [
        ({"check_val_every_n_epoch": 2}, [6, 12]),
        ({"check_val_every_n_epoch": None, "val_check_interval": 4}, [4, 8, 12]),
        ({"limit_val_batches": 0}, []),
    ],
)
def test_validations_across_epochs(tmp_path, flags, after):
    """Of 5 epochs of 3 batches: in every second epoch, after every 4 batches, and never."""
    script = make_script(tmp_path, {**TOY, "data": numbers(3), "max_epochs": 5, **flags})
    validations = Validations()
    trainer = beside(script, sgd, callbacks=[validations], num_sanity_val_steps=0, **flags)
    result = script.run()
    assert result.steps("val_x") == validations.steps == after
    assert_equal_weights(result, trainer)


def test_epoch_means_are_weighted_by_samples(tmp_path):
    """The mean of [1, 2] and [3] is 2.0, not 2.25.

    These means are exact in float32; others differ in their last digits, for the script adds in
    float64 and Lightning in float32.
    """
    options = {**TOY, "data": numbers(3, 3), "batch_size": 2, "max_epochs": 1}
    script = make_script(tmp_path, {**options, "optimizer": {"name": "SGD", "lr": 0.0}})
    validations = Validations()
    trainer = beside(
        script, lambda model: torch.optim.SGD(model.parameters(), lr=0.0), callbacks=[validations]
    )
    result = script.run()
    assert result.values("val_x") == [validations.results[-1]["val_x"]] == [2.0]
    theirs = float(trainer.callback_metrics["train_loss_epoch"])
    assert result.values("train_loss_epoch") == [theirs] == [2.0]


@pytest.mark.parametrize("every, accumulate", [(1, 1), (3, 1), (2, 2)])
def test_steps_that_are_logged(tmp_path, every, accumulate):
    """On (step + 1) % n == 0 of Lightning's step, which counts from 0; the script's from 1.

    With windows Lightning logs the loss of the last batch, which the script averages.
    """
    flags = {"log_every_n_steps": every, "accumulate_grad_batches": accumulate, "max_epochs": 2}
    script = make_script(tmp_path, {**TOY, "data": numbers(5), **flags})
    logger = CSVLogger(tmp_path)
    beside(script, sgd, logger=logger, **flags)
    with open(f"{logger.log_dir}/metrics.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["train_loss_step"]]
    result = script.run()
    assert result.steps("train_loss") == [int(row["step"]) + 1 for row in rows]
    if every == accumulate == 1:
        assert result.values("train_loss") == [float(row["train_loss_step"]) for row in rows]


SCORES = "5 4 4.5 4 3.75 3.5 9 nan 1 0.5"


@pytest.mark.parametrize(
    "arguments, epochs",
    [
        ({"patience": 0}, 3),
        ({"patience": 1}, 3),
        ({"patience": 2}, 4),
        ({}, 8),
        ({"min_delta": 0.5}, 5),
        ({"stopping_threshold": 4.0}, 5),
        ({"divergence_threshold": 8.0, "patience": 5}, 7),
        ({"check_finite": False}, 10),
        ({"mode": "max", "patience": 2}, 3),
    ],
    ids=str,
)
def test_early_stopping(tmp_path, arguments, epochs):
    """Both end after the same epoch: a tie is no improvement, nor is a threshold that is met."""
    options = {
        **TOY,
        "module": {"path": "model.py:Scripted", "args": {"scores": SCORES}},
        "data": numbers(3),
        "max_epochs": 10,
        "early_stopping": {"monitor": "val_loss", **arguments},
    }
    script = make_script(tmp_path, options)
    theirs = EarlyStopping("val_loss", **arguments)
    trainer = beside(script, sgd, callbacks=[theirs], num_sanity_val_steps=0)
    result = script.run()
    assert result.state["step"] == trainer.global_step == 3 * epochs
    assert_equal_weights(result, trainer)


@pytest.mark.parametrize(
    "minimum, steps", [({"min_epochs": 6}, 18), ({"min_steps": 13}, 13), ({"min_steps": 15}, 15)]
)
def test_a_stop_waits_for_the_minima(tmp_path, minimum, steps):
    """The validation after epoch 3 asks for the end, which comes when the minimum is met."""
    options = {
        **TOY,
        "module": {"path": "model.py:Scripted", "args": {"scores": "1 2 3 4 5 6 7 8 9 10"}},
        "data": numbers(3),
        "max_epochs": 10,
        "early_stopping": {"monitor": "val_loss", "patience": 2},
        **minimum,
    }
    script = make_script(tmp_path, options)
    stopping = EarlyStopping("val_loss", patience=2)
    trainer = beside(script, sgd, callbacks=[stopping], num_sanity_val_steps=0, **minimum)
    result = script.run()
    assert result.state["step"] == trainer.global_step == steps
    assert_equal_weights(result, trainer)


@pytest.mark.parametrize(
    "scores, arguments, files",
    [
        ("5 4 6 3", {"save_top_k": 2}, ["epoch=1-step=6", "epoch=3-step=12"]),
        ("5 4 6 3", {"mode": "max"}, ["epoch=2-step=9"]),
        ("5 4 4 4", {"save_top_k": 1}, ["epoch=1-step=6"]),
        ("nan 4 nan 5", {"save_top_k": 2}, ["epoch=1-step=6", "epoch=3-step=12"]),
        (
            "4 3",
            {"save_top_k": -1, "filename": "{val_loss:.2f}"},
            ["val_loss=3.00", "val_loss=4.00"],
        ),
        ("2 2 2", {"save_top_k": -1, "filename": "same"}, ["same-v1", "same-v2", "same"]),
        ("5 4", {"save_top_k": 0}, []),
    ],
    ids=str,
)
def test_checkpoint_files(tmp_path, scores, arguments, files):
    """The same file names are left by the same scores."""
    options = {
        **TOY,
        "module": {"path": "model.py:Scripted", "args": {"scores": scores}},
        "data": numbers(3),
        "max_epochs": len(scores.split()),
        "checkpoint": {"monitor": "val_loss", **arguments},
    }
    script = make_script(tmp_path, options)
    theirs = ModelCheckpoint(tmp_path / "theirs", monitor="val_loss", **arguments)
    beside(script, sgd, callbacks=[theirs], enable_checkpointing=True, num_sanity_val_steps=0)
    left = sorted(path.name for path in tmp_path.glob("theirs/*"))
    assert script.run().files == left == [f"{name}.ckpt" for name in files]
