"""Steps that weigh their batches: a step's gradient is that of the mean over all that is counted.

Within float32's rounding: sums over batches and ranks have another order than one over all.
"""

import math

import pytest
import torch

from tests.parity.beside import beside, last_result, make_script
from tests.parity.ranks import on_two_ranks, run_lightning, run_script
from tests.parity.test_loop import sgd

OPTIONS = {
    "module": "model.py:Masked",
    "optimizer": {"name": "SGD", "lr": 0.1},
    "batch_weight": "counted",
    "max_epochs": 2,
    "log_every_n_steps": 1,
}
WHOLE = {**OPTIONS, "batch_size": 32}  # of which all others are parts


def assert_same(result, whole):
    """Each row of the log and the weights are those of whole batches."""
    for name, weight in whole.weights.items():
        torch.testing.assert_close(result.weights[name], weight, rtol=1e-5, atol=1e-6)
    for metric in ("train_loss", "train_loss_epoch", "val_loss"):
        assert result.values(metric) == pytest.approx(whole.values(metric), rel=1e-5)
    assert "train_counted" not in result.rows[0]


@pytest.mark.parametrize("precision", ["32-true", "64-true"])
def test_windows(tmp_path, precision):
    """Lightning gives each batch of a window the same weight, however much it counts."""
    accumulated = {**OPTIONS, "accumulate_grad_batches": 4, "precision": precision}
    script = make_script(tmp_path / "accumulated", accumulated)
    whole = make_script(tmp_path / "whole", {**WHOLE, "precision": precision}).run()
    result = script.run()
    assert_same(result, whole)
    if precision == "32-true":
        theirs = beside(script, sgd, accumulate_grad_batches=4).lightning_module.model
        difference = theirs.out.weight - whole.weights["out.weight"]
        assert difference.abs().max() > 1e-3


@pytest.mark.parametrize(
    "options",
    [
        {"strategy": "ddp", "batch_size": 16},
        {"strategy": "ddp", "batch_size": 8, "accumulate_grad_batches": 2},
        {"strategy": "ddp", "batch_size": 8, "accumulate_grad_batches": 2, "gradient_clip_val": 99},
    ],
    ids=str,
)
def test_ranks(tmp_path, options):
    """Two ranks, with windows and without, follow one process that has the whole batch.

    Lightning gives each rank the same weight, however much it counts.
    """
    options = {**OPTIONS, **options, "devices": 2}
    folder = make_script(tmp_path / "ranks", options).folder
    on_two_ranks(run_script, folder, options)
    whole = make_script(tmp_path / "whole", WHOLE).run()
    assert_same(last_result(folder), whole)
    if options["batch_size"] == 16:
        (theirs, _, _), _ = on_two_ranks(run_lightning, folder, options, sgd, {})
        assert abs(theirs["out.weight"] - whole.weights["out.weight"].numpy()).max() > 1e-3


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"on_nonfinite": "skip"},
        {"accumulate_grad_batches": 2},
        {"accumulate_grad_batches": 2, "on_nonfinite": "skip"},
    ],
    ids=str,
)
def test_batches_that_weigh_nothing(tmp_path, options):
    """A loss of NaN that counts nothing ends no run and makes no step be skipped.

    In both runs the classes are such that whole batches have nothing to predict.
    """
    options = {**OPTIONS, **options, "batch_size": 1, "max_epochs": 1, "log_every_n_steps": 7}
    results = []
    for name in ("Masked", "Ignored"):
        script = make_script(tmp_path / name, {**options, "module": f"model.py:{name}"})
        results.append(script.run())
    assert_same(results[1], results[0])


def test_means_of_an_epoch(tmp_path):
    """Of 21 rows in batches of 8, each loss weighs as much as its batch counts.

    Lightning weighs by the number of rows, or by what its user says in every log anew.
    """
    still = {**OPTIONS, "optimizer": {"name": "SGD", "lr": 0.0}, "max_epochs": 1}
    script = make_script(tmp_path / "parts", {**still, "batch_size": 8})
    whole = make_script(tmp_path / "whole", {**still, "batch_size": 84}).run()
    result = script.run()
    trainer = beside(script, lambda model: torch.optim.SGD(model.parameters(), lr=0.0))
    for name in ("train_loss_epoch", "val_loss"):
        (mean,) = whole.values(name)
        assert result.values(name) == pytest.approx([mean], rel=1e-5)
        assert abs(float(trainer.callback_metrics[name]) - mean) > 1e-3


def test_a_window_without_anything_counted_changes_nothing(tmp_path):
    """Its gradient is zero, not a division by zero, and no mean has heard of it."""
    options = {**OPTIONS, "batch_size": 1, "accumulate_grad_batches": 2}
    script = make_script(tmp_path, options)
    # all samples are of the class that does not count
    script.data.Rows.train_dataset = lambda self: torch.utils.data.TensorDataset(
        self.rows[0], torch.zeros_like(self.rows[1])
    )
    before = script.new_model().state_dict()
    result = script.run()
    assert math.isnan(float(result.values("train_loss_epoch")[0]))
    for name, weight in result.weights.items():
        assert weight.shape == before[name].shape
        assert weight.isfinite().all()


@pytest.mark.parametrize("flags", [{}, {"accumulate_grad_batches": 2}], ids=str)
def test_hooks_are_given_all_that_a_step_returned(tmp_path, flags):
    """The weight too, in training as in validation."""
    script = make_script(tmp_path, {**OPTIONS, "module": "model.py:MaskedEnds", **flags})
    ended = script.model.MaskedEnds.ended
    beside(script, sgd, **flags)
    theirs = [keys for stage, keys in ended if stage == "train"]
    ended.clear()
    script.run()
    assert theirs == [["counted", "loss"]] * 22
    assert [keys for stage, keys in ended if stage == "train"] == theirs
    assert {tuple(keys) for stage, keys in ended if stage == "validation"} == {("counted", "loss")}
