"""torch's switches within the steps, as Lightning sets them."""

import lightning.pytorch as pl
import pytest
import torch
from torch.utils.data import DataLoader

from tests.parity.beside import beside, make_script
from tests.parity.test_limits import OPTIONS, Stepping
from tests.parity.test_loop import TOY, numbers, sgd


@pytest.fixture(autouse=True)
def put_back():
    """Each test leaves torch's switches as it has found them."""
    yield
    set_switches(benchmark=False)


def set_switches(benchmark):
    """What a new process has, but for cuDNN's benchmark."""
    torch.use_deterministic_algorithms(False)
    torch.autograd.set_detect_anomaly(False)
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.benchmark = benchmark


@pytest.mark.parametrize(
    ("flags", "benchmark"),
    [
        ({}, False),
        ({"detect_anomaly": True}, False),
        ({"deterministic": True}, False),
        ({"deterministic": "warn"}, False),
        ({"benchmark": True}, False),
        ({"benchmark": False}, True),
        ({"benchmark": None}, True),  # what the user has set is left alone
        ({"benchmark": True, "deterministic": True}, False),
    ],
    ids=str,
)
def test_switches_are_torchs(tmp_path, flags, benchmark):
    """What torch says of its switches within the steps is the same on both sides."""
    # auto, for cuDNN's switch is refused where there is no cuDNN for certain
    options = {**TOY, "data": numbers(2), "max_epochs": 1, "accelerator": "auto"}
    script = make_script(tmp_path, {**options, **flags})
    toy, found = script.model.Toy, []
    train, validate = toy.training_step, toy.validation_step

    def state():
        return (
            torch.is_anomaly_enabled(),
            torch.is_grad_enabled(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
            torch.backends.cudnn.benchmark,
            torch.get_float32_matmul_precision(),
        )

    toy.training_step = lambda self, batch: found.append(state()) or train(self, batch)
    toy.validation_step = lambda self, batch: found.append(state()) or validate(self, batch)

    def of(run, *arguments, **settings):
        found.clear()
        set_switches(benchmark)
        run(*arguments, **settings)
        return found.copy()

    theirs = of(beside, script, sgd, num_sanity_val_steps=0, **flags)
    assert len(theirs) == 3
    assert of(script.run_rank) == theirs


@pytest.mark.parametrize("precision", ["highest", "high", "medium", None])
def test_float32_matmul_precision(tmp_path, precision):
    """Lightning has no flag and asks its user for the call of torch; the script makes it.

    It is left alone where the option is null, as Lightning leaves it.
    """
    options = {**TOY, "data": numbers(2), "max_epochs": 1, "float32_matmul_precision": precision}
    script = make_script(tmp_path, options)
    toy, found = script.model.Toy, []
    step = toy.training_step
    toy.training_step = lambda self, batch: (
        found.append(torch.get_float32_matmul_precision()) or step(self, batch)
    )
    torch.set_float32_matmul_precision(precision or "medium")
    beside(script, sgd)
    theirs = found.copy()
    found.clear()
    torch.set_float32_matmul_precision("medium" if precision in (None, "highest") else "highest")
    script.run_rank()
    assert found == theirs == [precision or "medium"] * 2


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
