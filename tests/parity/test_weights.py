"""Weights equal Lightning's bit for bit, after the same options on both sides."""

from functools import partial

import pytest
import torch
from torch.optim import lr_scheduler

from tests.parity.beside import assert_equal_weights, beside, make_script

# in float16 the default eps is zero
ADAM = {"lr": 0.01, "weight_decay": 0.01, "eps": 1e-4}


def adam(model):
    return torch.optim.Adam(model.parameters(), **ADAM)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"accumulate_grad_batches": 4},
        {"gradient_clip_val": 0.5},
        {"gradient_clip_val": 0.05, "gradient_clip_algorithm": "value"},
        {"accumulate_grad_batches": 4, "gradient_clip_val": 0.5},
        {"precision": "bf16-mixed"},
        {"precision": "bf16-mixed", "accumulate_grad_batches": 4, "gradient_clip_val": 0.5},
        {"precision": "64-true"},
        {"precision": "16-true"},
        {"precision": "bf16-true"},
        {"max_steps": 17},
        {"max_steps": 5, "accumulate_grad_batches": 4},
        {"val_check_interval": 0.3},
        {"check_val_every_n_epoch": 2},
        {"deterministic": True},
    ],
    ids=lambda options: ",".join(f"{name}={value}" for name, value in options.items()) or "plain",
)
def test_adam_dropout_shuffling_and_validation(tmp_path, options):
    """Exact: both do the same float operations in the same order, in one process on the CPU.

    An epoch has 11 batches, so that a window of 4 is full twice and then holds 3.
    """
    script = make_script(tmp_path, {"optimizer": {"name": "Adam", **ADAM}, **options})
    trainer = beside(script, adam, **options)
    result = script.run()
    assert_equal_weights(result, trainer)
    assert result.state["step"] == trainer.global_step
    moments = trainer.optimizers[0].state_dict()["state"]
    for index, state in result.state["optimizer"]["state"].items():
        for name, value in state.items():
            assert torch.equal(value, moments[index][name]), name


@pytest.mark.parametrize(
    "options",
    [
        {"gradient_clip_val": 0.5},
        {"gradient_clip_val": 0.05, "gradient_clip_algorithm": "value"},
        {"gradient_clip_val": 0.5, "accumulate_grad_batches": 4, "precision": "bf16-mixed"},
    ],
)
def test_only_what_the_optimizer_has_is_clipped(tmp_path, options):
    """Exact: gradients that no optimizer clears count in no norm."""
    script = make_script(tmp_path, {"module": "model.py:Half", "optimizer": None, **options})
    trainer = beside(script, lambda model: model.configure_optimizers(), **options)
    result = script.run()
    assert_equal_weights(result, trainer)
    assert not torch.equal(result.weights["out.weight"], script.new_model().out.weight)


def test_what_is_put_into_evaluation_mode_when_fitting_starts_stays_there(tmp_path):
    """Exact: frozen batch norm keeps its statistics, also after the validations."""
    script = make_script(
        tmp_path, {"module": "model.py:Frozen", "optimizer": {"name": "Adam", **ADAM}}
    )
    trainer = beside(script, adam)
    result = script.run()
    assert_equal_weights(result, trainer)
    assert result.weights["norm.num_batches_tracked"] == 0


@pytest.mark.parametrize("precision", ["64-true", "16-true", "bf16-true"])
def test_what_a_step_makes_has_the_format_of_the_model(tmp_path, precision):
    """Exact: new tensors of a step, the numbers that are drawn too, have the model's dtype."""
    options = {"module": "model.py:Noisy", "precision": precision}
    script = make_script(tmp_path, {"optimizer": {"name": "Adam", **ADAM}, **options})
    trainer = beside(script, adam, precision=precision)
    assert_equal_weights(script.run(), trainer)


@pytest.mark.parametrize("limit", [3, 1, 0.5, 1.0])
def test_limit_train_batches(tmp_path, limit):
    """Exact. An int counts batches, a float is a share: 1 is one batch and 1.0 are all."""
    options = {"limit_train_batches": limit}
    script = make_script(tmp_path, {"optimizer": {"name": "Adam", **ADAM}, **options})
    trainer = beside(script, adam, limited=limit != 1.0, **options)
    result = script.run()
    assert_equal_weights(result, trainer)
    assert result.state["step"] == trainer.global_step


@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize(
    "name, arguments",
    [("StepLR", {"step_size": 2, "gamma": 0.5}), ("CosineAnnealingLR", {"T_max": 9})],
)
@pytest.mark.parametrize("flags", [{}, {"accumulate_grad_batches": 4}])
def test_schedulers(tmp_path, name, arguments, interval, flags):
    """Exact, the last learning rate too: both step torch's own scheduler at the same moments."""
    scheduler = {"name": name, "interval": interval, **arguments}
    script = make_script(
        tmp_path, {"optimizer": {"name": "Adam", **ADAM}, "scheduler": scheduler, **flags}
    )
    new_scheduler = partial(getattr(lr_scheduler, name), **arguments)

    def optimizers(model):
        optimizer = adam(model)
        schedule = {"scheduler": new_scheduler(optimizer), "interval": interval}
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    trainer = beside(script, optimizers, **flags)
    result = script.run()
    assert_equal_weights(result, trainer)
    last = trainer.lr_scheduler_configs[0].scheduler.get_last_lr()
    assert result.state["scheduler"]["_last_lr"] == last


def test_plain_sgd_of_batches_of_one(tmp_path):
    """Exact. With x = 1..5 and windows of 2, w after each batch is that of SEMANTICS.

    The last window holds one batch, and is still divided by 2.
    """
    options = {
        "module": "model.py:Toy",
        "data": "data.py:Numbers",
        "optimizer": {"name": "SGD", "lr": 0.1},
        "batch_size": 1,
        "shuffle": False,
        "max_epochs": 1,
        "accumulate_grad_batches": 2,
    }
    script = make_script(tmp_path, options)
    trainer = beside(
        script, lambda model: torch.optim.SGD(model.parameters(), lr=0.1), accumulate_grad_batches=2
    )
    seen = script.model.Toy.weights
    theirs = seen.copy()
    seen.clear()
    assert_equal_weights(script.run(), trainer)
    assert theirs == pytest.approx([1, 0.85, 0.85, 0.5, 0.25])
    assert seen == theirs
