"""LBFGS, whose step evaluates a batch several times through a closure, beside Lightning."""

import pytest
import torch

from tests.parity.beside import Script, assert_equal_weights, beside, last_result, make_script
from tests.parity.ranks import on_two_ranks, run_lightning, run_script
from tests.parity.test_loop import TOY, numbers

SEARCH = {"lr": 0.5, "max_iter": 6, "history_size": 4, "line_search_fn": "strong_wolfe"}
ENDED = {"lr": 0.08, "max_iter": 2, "max_eval": 10, "tolerance_change": 0.03}
FIXED = {"lr": 0.1, "max_iter": 5}


def lbfgs(arguments):
    return lambda model: torch.optim.LBFGS(model.parameters(), **arguments)


def assert_equal_memory(result, trainer):
    """Fail unless LBFGS remembers the same steps on both sides."""
    (ours,) = result.state["optimizer"]["state"].values()
    (theirs,) = trainer.optimizers[0].state_dict()["state"].values()
    assert (ours["func_evals"], ours["n_iter"]) == (theirs["func_evals"], theirs["n_iter"])
    for name in ("old_dirs", "old_stps", "ro"):
        assert len(ours[name]) == len(theirs[name]) > 0
        assert all(map(torch.equal, ours[name], theirs[name])), name


@pytest.mark.parametrize("arguments", [SEARCH, FIXED, {}], ids=["search", "fixed", "defaults"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gradient_clip_val": 0.5},
        {"gradient_clip_val": 0.05, "gradient_clip_algorithm": "value"},
        {"precision": "bf16-mixed"},
        {"precision": "64-true", "max_steps": 17},
    ],
    ids=str,
)
def test_weights(tmp_path, arguments, options):
    """Exact, the memory too; each evaluation draws a dropout of its own, on both sides."""
    script = make_script(
        tmp_path, {"optimizer": {"name": "LBFGS", **arguments}, "max_epochs": 2, **options}
    )
    trainer = beside(script, lbfgs(arguments), **options)
    result = script.run()
    assert_equal_weights(result, trainer)
    assert_equal_memory(result, trainer)
    assert result.state["step"] == trainer.global_step


def test_schedule(tmp_path):
    """Exact: the rate of a step is that of its line search's first trial."""
    schedule = {"name": "ExponentialLR", "gamma": 0.8, "interval": "step"}
    options = {"optimizer": {"name": "LBFGS", **SEARCH}, "scheduler": schedule, "max_epochs": 1}
    script = make_script(tmp_path, options)

    def optimizers(model):
        optimizer = lbfgs(SEARCH)(model)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.8)
        config = {"scheduler": scheduler, "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": config}

    assert_equal_weights(script.run(), beside(script, optimizers))


def test_hooks(tmp_path):
    """Those around the backward pass are called once in each evaluation, in Lightning's order."""
    options = {"module": "model.py:HookedCurve", "data": numbers(3, 2), "batch_size": 1}
    script = make_script(
        tmp_path, {**options, "max_epochs": 2, "optimizer": {"name": "LBFGS", **SEARCH}}
    )
    beside(script, lbfgs(SEARCH))
    calls = script.model.HookedCurve.calls
    theirs = calls.copy()
    calls.clear()
    script.run()
    steps = sum(call.startswith("train_batch_end") for call in theirs)
    assert sum(call == "before_backward" for call in theirs) > 2 * steps
    assert calls == theirs


def test_the_loss_that_is_logged_is_that_of_the_first_evaluation(tmp_path):
    """w x with w = 1 at the start: 1. Lightning logs the last evaluation, at another w."""
    options = {**TOY, "data": numbers(1), "max_epochs": 1, "log_every_n_steps": 1}
    script = make_script(tmp_path, {**options, "optimizer": {"name": "LBFGS", **FIXED}})
    trainer = beside(script, lbfgs(FIXED), num_sanity_val_steps=0)
    assert script.run().values("train_loss") == [1.0]
    assert float(trainer.callback_metrics["train_loss_epoch"]) < 1.0


def test_two_ranks(tmp_path):
    """Exact beside Lightning where no decision hangs on the loss, with a dropout on each rank."""
    options = {"optimizer": {"name": "LBFGS", **FIXED}, "max_epochs": 2}
    ddp = {**options, "strategy": "ddp", "devices": 2}
    folder = make_script(tmp_path, ddp).folder
    on_two_ranks(run_script, folder, options)
    theirs = on_two_ranks(run_lightning, folder, options, lbfgs_fixed, {})
    for weights, _, _ in theirs:
        for name, weight in weights.items():
            assert torch.equal(torch.from_numpy(weight), last_result(folder).weights[name]), name


def lbfgs_fixed(model):
    return torch.optim.LBFGS(model.parameters(), **FIXED)


def lbfgs_ended(model):
    return torch.optim.LBFGS(model.parameters(), **ENDED)


def weights_of_rank(rank, folder, options, name):
    """Train by the script on both ranks; the weights that this one ends with."""
    script = Script(folder, options)
    models = []

    class Kept(getattr(script.model, name)):
        def __init__(self):
            super().__init__()
            models.append(self)

    setattr(script.train, name, Kept)
    script.run_rank()
    return {name: weight.numpy() for name, weight in models[0].state_dict().items()}


def test_two_ranks_take_the_same_steps(tmp_path):
    """Each rank looks at the mean loss, and both end with the same weights.

    In Lightning each looks at its own: that of the second rank changes less than tolerance_change,
    which ends its step, that of the first changes more, and they go on with other weights.
    """
    curve = {**TOY, "module": "model.py:HookedCurve", "data": numbers(2), "max_epochs": 1}
    options = {**curve, "optimizer": {"name": "LBFGS", **ENDED}}
    folder = make_script(tmp_path, {**options, "strategy": "ddp", "devices": 2}).folder
    theirs = on_two_ranks(run_lightning, folder, options, lbfgs_ended, {})
    assert theirs[0][0]["w"] != theirs[1][0]["w"]
    first, second = on_two_ranks(weights_of_rank, folder, options, "HookedCurve")
    assert first["w"] == second["w"] != 1.0


def test_two_ranks_search_the_same_line(tmp_path):
    """The ranks evaluate equally often, and end with the same weights."""
    options = {"optimizer": {"name": "LBFGS", **SEARCH}, "max_epochs": 1}
    folder = make_script(tmp_path, {**options, "strategy": "ddp", "devices": 2}).folder
    first, second = on_two_ranks(weights_of_rank, folder, options, "Net")
    assert all((first[name] == second[name]).all() for name in first)
