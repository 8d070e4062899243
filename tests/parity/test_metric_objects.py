"""Metric objects of torchmetrics: the values that Lightning logs of the same objects."""

import csv

import pytest
import torch
from lightning.pytorch import Callback

from tests.parity.beside import assert_equal_weights, beside, make_script
from tests.parity.ranks import on_two_ranks, run_lightning, run_script

OPTIONS = {"module": "model.py:Measured", "optimizer": {"name": "SGD", "lr": 0.1}, "max_epochs": 3}
NAMES = {
    "train_accuracy": "train_accuracy_epoch",
    "train_mean": "train_mean_epoch",
    "MulticlassPrecision": "val_MulticlassPrecision",
    "MulticlassF1Score": "val_MulticlassF1Score",
    "val_curve": "val_curve",
}


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.1)


class LogsObjects(Callback):
    """Logs the objects as a LightningModule would in its steps, and notes their values."""

    def __init__(self):
        self.values = {}

    def on_train_batch_end(self, trainer, pl_module, *_):
        for name in ("train_accuracy", "train_mean"):
            pl_module.log(name, getattr(pl_module.model, name), on_step=False, on_epoch=True)

    def on_validation_batch_end(self, trainer, pl_module, *_):
        pl_module.log_dict(pl_module.model.val_scores)
        pl_module.log("val_curve", pl_module.model.val_curve)

    def on_validation_end(self, trainer, pl_module):
        if not trainer.sanity_checking:
            self.note(trainer, ("MulticlassPrecision", "MulticlassF1Score", "val_curve"))

    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch:
            self.note(trainer, ("train_accuracy", "train_mean"))

    def on_train_end(self, trainer, pl_module):
        self.note(trainer, ("train_accuracy", "train_mean"))

    def note(self, trainer, names):
        for name in names:
            self.values.setdefault(name, []).append(float(trainer.callback_metrics[name]))


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"val_check_interval": 2, "num_sanity_val_steps": 0},
        {"accumulate_grad_batches": 4, "num_sanity_val_steps": -1},
    ],
    ids=str,
)
def test_values_are_those_that_lightning_logs(tmp_path, flags):
    """Of each epoch and each validation, also within epochs; sanity validations leave no trace."""
    script = make_script(tmp_path, {**OPTIONS, **flags})
    theirs = LogsObjects()
    trainer = beside(script, sgd, callbacks=[theirs], **flags)
    result = script.run()
    for name, column in NAMES.items():
        assert result.values(column) == theirs.values[name], name
    assert len(theirs.values["train_mean"]) == 3
    assert_equal_weights(result, trainer)


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_values_on_two_ranks(tmp_path, strategy):
    """compute() adds over the ranks; a rank that repeats its last batch under fsdp counts it once.

    Of three batches the first rank has two. Each of Lightning's validates all, so that the values
    are those of twice the samples, which changes none of them.
    """
    options = {**OPTIONS, "strategy": strategy, "devices": 2}
    folder = make_script(tmp_path, options).folder
    on_two_ranks(run_script, folder, options)
    theirs = on_two_ranks(run_lightning, folder, options, sgd, {"callbacks": [LogsObjects()]})
    with (folder / "runs" / "version_0" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    for name, column in NAMES.items():
        last = [float(row[column]) for row in rows if row[column]][-1]
        assert last == pytest.approx(theirs[0][1][name], rel=1e-6), name
