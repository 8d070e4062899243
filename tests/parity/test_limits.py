"""Limits of every loop: the batches that Lightning's loops are given for the same limit."""

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from torch.utils.data import DataLoader

from tests.parity.beside import make_script

OPTIONS = {
    "module": "model.py:Staged",
    "data": {"path": "data.py:Stages", "args": {"train": 20, "val": 20}},
    "optimizer": {"name": "SGD", "lr": 0.1},
    "batch_size": 3,  # 7 batches, the last of 2
    "max_epochs": 1,
    "shuffle": False,
    "num_sanity_val_steps": 0,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}
STAGES = {"fit": "train", "validate": "val", "test": "test", "predict": "predict"}
COUNTS = [1, 2, 6, 7, 8, 100]
SHARES = [0.1, 0.14, 0.15, 0.28, 0.29, 0.3, 0.5, 0.57, 0.58, 0.7, 0.85, 0.99, 1.0]


class Stepping(pl.LightningModule):
    """Passes each batch on to the module's step."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def configure_optimizers(self):
        return torch.optim.SGD(self.model.parameters(), lr=0.1)

    def training_step(self, batch, batch_idx):
        return self.model.training_step(batch)

    def validation_step(self, batch, batch_idx):
        self.model.validation_step(batch)

    def test_step(self, batch, batch_idx):
        self.model.test_step(batch)

    def predict_step(self, batch, batch_idx):
        return self.model.predict_step(batch)


def taken(script):
    """The batches that were seen since the last call."""
    seen = script.model.Staged.seen
    batches = dict(seen)
    seen.clear()
    return batches


def lightnings(script, task, limit):
    """The batches of Lightning's loop, None where it refuses the limit."""
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        max_epochs=1,
        num_sanity_val_steps=0,
        default_root_dir=script.folder,
        **{f"limit_{STAGES[task]}_batches": limit},
    )
    dataset = getattr(script.new_data(), f"{STAGES[task]}_dataset")()
    loop = getattr(trainer, task)
    try:
        loop(Stepping(script.new_model()), DataLoader(dataset, script.config().batch_size))
    except MisconfigurationException:
        return None
    return taken(script)[task]


def ours(script, task, limit):
    """The batches of the script's loop, None where it refuses the limit."""
    try:
        script.run_rank(task=task, **{f"limit_{STAGES[task]}_batches": limit})
    except SystemExit as refused:
        assert "batches" in str(refused)
        return None
    return taken(script)[task]


@pytest.mark.parametrize("task", STAGES)
def test_counts_and_shares(tmp_path, task):
    """1 is one batch and 1.0 are all; a share that gives no batch is an error."""
    refused = []
    for limits in (COUNTS, SHARES):
        given = {**OPTIONS, f"limit_{STAGES[task]}_batches": limits[1]}
        script = make_script(tmp_path / str(len(limits)), given)
        for limit in limits:
            theirs = lightnings(script, task, limit)
            assert ours(script, task, limit) == theirs, limit
            refused += [limit] if theirs is None else []
    assert refused == [0.1, 0.14]


@pytest.mark.parametrize("task", ["validate", "test", "predict"])
def test_streams(tmp_path, task):
    """A count holds for iterable data too, and no share but 1.0 does."""
    streams = {**OPTIONS, "data": "data.py:Streams"}
    script = make_script(tmp_path / "limited", {**streams, f"limit_{STAGES[task]}_batches": 2})
    for limit in (1, 2, 6, 7, 100):
        assert ours(script, task, limit) == lightnings(script, task, limit), limit
    whole = make_script(tmp_path / "whole", streams)
    whole.run_rank(task=task)
    assert taken(whole)[task] == lightnings(whole, task, 1.0)
    assert lightnings(script, task, 0.5) is None
    with pytest.raises(AssertionError, match="is iterable and has no length"):
        make_script(tmp_path / "share", {**streams, f"limit_{STAGES[task]}_batches": 0.5})


def test_a_run_without_a_limit_has_lightnings_length(tmp_path):
    """1000 epochs, unless max_steps or max_time ends it."""
    given = {**OPTIONS, "max_epochs": None}
    without = make_script(tmp_path / "without", given)
    assert without.config().max_epochs == length_in_lightning(without) == 1000
    by_steps = make_script(tmp_path / "steps", {**given, "max_steps": 25})
    by_steps.run_rank()
    assert len(taken(by_steps)["fit"]) == 25
    assert length_in_lightning(by_steps, max_steps=25) == -1
    by_time = make_script(tmp_path / "time", {**given, "max_time": "01:00:00"})
    assert not hasattr(by_time.config(), "max_epochs")
    assert length_in_lightning(by_time, max_time="00:01:00:00") == -1


def length_in_lightning(script, **flags):
    """Lightning's max_epochs once it has begun to fit, of no batches."""
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(accelerator="cpu", limit_train_batches=0, **quiet, **flags)
    trainer.fit(Stepping(script.new_model()), DataLoader(script.new_data().train_dataset()))
    return trainer.fit_loop.max_epochs
