"""torch's switches within the steps, as Lightning sets them."""

import lightning.pytorch as pl
import pytest
import torch
from torch.utils.data import DataLoader

from tests.parity.beside import beside, make_script
from tests.parity.test_limits import OPTIONS, Stepping
from tests.parity.test_loop import TOY, numbers, sgd


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"detect_anomaly": True},
        {"deterministic": True},
        {"deterministic": "warn"},
    ],
    ids=str,
)
def test_switches_are_torchs(tmp_path, flags):
    """What torch says of its switches within the steps is the same on both sides."""
    script = make_script(tmp_path, {**TOY, "data": numbers(2), "max_epochs": 1, **flags})
    toy, found = script.model.Toy, []
    train, validate = toy.training_step, toy.validation_step

    def state():
        return (
            torch.is_anomaly_enabled(),
            torch.is_grad_enabled(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        )

    toy.training_step = lambda self, batch: found.append(state()) or train(self, batch)
    toy.validation_step = lambda self, batch: found.append(state()) or validate(self, batch)

    def of(run, *arguments, **settings):
        found.clear()
        try:
            run(*arguments, **settings)
        finally:
            torch.use_deterministic_algorithms(False)
            torch.autograd.set_detect_anomaly(False)
        return found.copy()

    theirs = of(beside, script, sgd, num_sanity_val_steps=0, **flags)
    assert len(theirs) == 3
    assert of(script.run_rank) == theirs


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("task", ["validate", "test", "predict"])
def test_inference_mode_of_a_task(tmp_path, task, on):
    """Of a task of its own; within training Lightning evaluates under no_grad in any case."""
    script = make_script(tmp_path, {**OPTIONS, "inference_mode": on})
    staged, found = script.model.Staged, []
    note = staged.note

    def noting(self, stage, batch):
        found.append((torch.is_inference_mode_enabled(), torch.is_grad_enabled()))
        return note(self, stage, batch)

    staged.note = noting
    trainer = pl.Trainer(
        accelerator="cpu", inference_mode=on, logger=False, enable_progress_bar=False
    )
    loader = DataLoader(script.new_data().val_dataset(), 3)
    getattr(trainer, task)(Stepping(script.new_model()), loader)
    theirs = found.copy()
    found.clear()
    script.run_rank(task=task)
    assert found == theirs == [(on, False)] * 7
