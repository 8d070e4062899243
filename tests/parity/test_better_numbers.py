"""Where the log and a loss that is no number are treated better: each test shows both answers."""

import csv

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger

from tests.parity.beside import beside, make_script
from tests.parity.test_loop import TOY, numbers, sgd


def test_one_step_has_one_place_on_the_axis(tmp_path):
    """What the third step gives and what is validated behind it stand at step 3.

    Lightning logs the step at 2 and the validation of the same weights at 3, or at 2 where the
    epoch ends with it.
    """
    flags = {"max_epochs": 1, "log_every_n_steps": 1, "val_check_interval": 3}
    script = make_script(tmp_path, {**TOY, "data": numbers(6), **flags})
    logger = CSVLogger(tmp_path)
    beside(script, sgd, logger=logger, num_sanity_val_steps=0, **flags)
    with open(f"{logger.log_dir}/metrics.csv") as file:
        rows = list(csv.DictReader(file))
    theirs = {
        name: [int(row["step"]) for row in rows if row[name]]
        for name in ("train_loss_step", "val_x", "train_loss_epoch")
    }
    assert theirs == {
        "train_loss_step": [0, 1, 2, 3, 4, 5],
        "val_x": [2, 5],
        "train_loss_epoch": [5],
    }
    result = script.run()
    assert result.steps("train_loss") == [1, 2, 3, 4, 5, 6]
    assert result.steps("val_x") == [3, 6]
    assert result.steps("train_loss_epoch") == [6]


def spoil(script):
    """Let the loss of the fifth step be no number."""
    step = script.model.Toy.training_step

    def broken(self, batch):
        outputs = step(self, batch)
        bad = len(self.weights) == 4
        return {"loss": outputs["loss"] * torch.tensor(float("nan") if bad else 1.0)}

    script.model.Toy.training_step = broken
    script.model.Toy.weights.clear()


def test_a_loss_that_is_no_number_is_never_saved(tmp_path):
    """The run ends, names the step, and its last checkpoint is of the steps before.

    Lightning trains on with weights that are no numbers, and saves them.
    """
    options = {**TOY, "data": numbers(3), "max_epochs": 3, "log_every_n_steps": 1}
    script = make_script(tmp_path, options)
    spoil(script)
    saving = ModelCheckpoint(tmp_path / "theirs", save_last=True)
    beside(script, sgd, callbacks=[saving], enable_checkpointing=True, num_sanity_val_steps=0)
    theirs = torch.load(tmp_path / "theirs" / "last.ckpt", weights_only=False)
    assert theirs["global_step"] == 9 and theirs["state_dict"]["model.w"].isnan()
    script.model.Toy.weights.clear()
    with pytest.raises(SystemExit, match="step 5"):
        script.run_rank()
    path = script.folder / "runs" / "version_0" / "checkpoints" / "last.ckpt"
    ours = torch.load(path, weights_only=True)
    assert ours["step"] == 3 and ours["model"]["w"].isfinite()


def test_a_step_whose_loss_is_no_number_may_be_skipped(tmp_path):
    """All other steps are made; of Lightning's weight nothing is left."""
    options = {**TOY, "data": numbers(3), "max_epochs": 3, "on_nonfinite": "skip"}
    script = make_script(tmp_path, options)
    spoil(script)
    assert beside(script, sgd).lightning_module.model.w.isnan()
    script.model.Toy.weights.clear()
    # 1, 2 and 3 three times, without the second 2
    assert script.run().weights["w"].item() == pytest.approx(1 - 0.1 * (3 * 6 - 2))


def test_a_seed_that_is_drawn_is_told_and_kept(tmp_path, capsys):
    """`seed: null` draws one in each run, prints it, and the same seed gives the same weights.

    Lightning without seed_everything tells none.
    """
    options = {"optimizer": {"name": "SGD", "lr": 0.1}, "max_epochs": 1, "seed": None}
    script = make_script(tmp_path, options)
    script.run_rank()
    run = script.folder / "runs" / "version_0" / "checkpoints" / "last.ckpt"
    state = torch.load(run, weights_only=True)
    seed = state["config"]["seed"]
    assert seed >= 0 and str(seed) in capsys.readouterr().out
    script.run_rank(seed=seed)
    again = torch.load(str(run).replace("version_0", "version_1"), weights_only=True)["model"]
    assert all(torch.equal(again[name], weight) for name, weight in state["model"].items())
    script.run_rank()
    other = torch.load(str(run).replace("version_0", "version_2"), weights_only=True)
    assert other["config"]["seed"] != seed


def test_what_a_step_returned_is_logged_as_it_was(tmp_path):
    """A metric that waits for its row is no view of a buffer that the next step changes."""
    flags = {"module": "model.py:Counting", "max_epochs": 1, "log_every_n_steps": 2}
    result = make_script(tmp_path, flags).run()
    assert result.values("train_steps")[:2] == [1.5, 3.5]
