"""Averaged weights: those of Lightning's callback, in every validation and in what is saved."""

from pathlib import Path

import pytest
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, WeightAveraging
from torch.optim.swa_utils import get_ema_multi_avg_fn

from tests.parity.beside import assert_equal_weights, beside, make_script

OPTIONS = {"module": "model.py:Normed", "optimizer": {"name": "Adam", "lr": 0.01}, "max_epochs": 3}


def adam(model):
    return torch.optim.Adam(model.parameters(), lr=0.01)


class Averaging(WeightAveraging):
    """Lightning's callback with torch's update of all tensors at once, as the script has it."""

    def __init__(self, decay, every):
        super().__init__(use_buffers=True, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self.every = every

    def should_update(self, step_idx=None, epoch_idx=None):
        return step_idx is not None and step_idx % self.every == 0


class Losses(Callback):
    """The loss of each validation."""

    def __init__(self):
        self.found = []

    def on_validation_end(self, trainer, pl_module):
        self.found.append(float(trainer.callback_metrics["val_loss"]))


@pytest.mark.parametrize(
    ("ema", "decay", "every"),
    [(True, 0.999, 1), ({"decay": 0.9}, 0.9, 1), ({"update_every_n_steps": 3}, 0.999, 3)],
)
def test_average(tmp_path, ema, decay, every):
    """Batch norm's statistics are averaged too, and training goes on with the raw weights."""
    best = {"monitor": "val_loss"}
    given = {"ema": ema, "accumulate_grad_batches": 2, "checkpoint": best}
    script = make_script(tmp_path, {**OPTIONS, **given})
    losses, averaging = Losses(), Averaging(decay, every)
    saving = ModelCheckpoint(tmp_path / "theirs", **best)
    trainer = beside(
        script,
        adam,
        callbacks=[losses, averaging, saving],
        enable_checkpointing=True,
        accumulate_grad_batches=2,
        num_sanity_val_steps=0,
    )
    result = script.run()
    # torch's function truncates the average of a count, which Lightning's callback saves
    count = "norm.num_batches_tracked"
    theirs = trainer.lightning_module.model.norm.num_batches_tracked
    assert theirs < result.weights[count] <= result.state["raw_model"][count]
    theirs.copy_(result.weights[count])
    assert_equal_weights(result, trainer)
    assert result.values("val_loss") == pytest.approx(losses.found, rel=1e-6)
    assert result.state["n_averaged"] == int(averaging._average_model.n_averaged)
    (name,) = result.files
    assert name == Path(saving.best_model_path).name
    theirs = torch.load(saving.best_model_path, weights_only=False)["state_dict"]
    path = script.folder / "runs" / "version_0" / "checkpoints" / name
    for of_best, weight in torch.load(path, weights_only=True)["model"].items():
        assert of_best == count or torch.equal(weight, theirs[f"model.{of_best}"]), of_best
    raw = result.state["raw_model"]
    assert not torch.equal(raw["out.weight"], result.weights["out.weight"])
    without = make_script(tmp_path / "without", {**OPTIONS, "accumulate_grad_batches": 2}).run()
    assert all(torch.equal(raw[name], weight) for name, weight in without.weights.items())


def test_a_script_without_it_goes_on_from_no_average(tmp_path):
    """The optimizer's state belongs to the raw weights; the run ends with the way out."""
    make_script(tmp_path, {**OPTIONS, "ema": True}).run()
    without = make_script(tmp_path, {**OPTIONS, "max_epochs": 4})
    with pytest.raises(SystemExit, match="weights are averages.*set ema again, or .*init_from"):
        without.run_rank(resume="last")
