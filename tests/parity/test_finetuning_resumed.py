"""A backbone's rates in a resumed run of other settings: those of a run that always had them.

An epoch has 11 batches, and the backbone is trained from the third epoch on.
"""

from contextlib import contextmanager

import pytest
from torch.optim.optimizer import register_optimizer_step_pre_hook

from tests.parity.beside import make_script

OPTIONS = {
    "module": "model.py:Tuned",
    "optimizer": {"name": "Adam", "lr": 0.01},
    "max_epochs": 6,
}
EARLY = {"unfreeze_backbone_at_epoch": 2}
# before the unfreezing, at it, in its epoch and in a later one
DONE = [15, 22, 30, 50]
SCHEDULES = {
    "none": None,
    "steps": {"name": "StepLR", "step_size": 2, "gamma": 0.5},
    "cosine of epochs": {"name": "CosineAnnealingLR", "eta_min": 0.001},
    "cosine": {"name": "CosineAnnealingLR", "interval": "step"},
    "warmup": {"name": "CosineAnnealingLR", "interval": "step", "warmup_steps": 25},
    "wsd": {"name": "WSD", "interval": "step", "warmup_steps": 5},
    "validations": {"name": "CosineAnnealingLR", "interval": "validation"},
}
SHARE = {**EARLY, "multiplier": 1.5}
NUMBER = {**EARLY, "backbone_initial_lr": 0.003}
CHANGES = [
    (SHARE, {}),
    (SHARE, {"lr": 0.02}),
    (SHARE, {"backbone_multiplier": 3.0}),
    (SHARE, {"backbone_initial_ratio_lr": 0.4}),
    (NUMBER, {"lr": 0.0035}),
    (NUMBER, {"backbone_initial_lr": 0.005}),
]


@contextmanager
def seen_rates():
    """Collect the rates of the groups in each step of any optimizer."""
    rates = []

    def see(optimizer, *_):
        rates.append([group["lr"] for group in optimizer.param_groups])

    handle = register_optimizer_step_pre_hook(see)
    try:
        yield rates
    finally:
        handle.remove()


def assert_rates_of_straight_run(folder, options, done, first, then):
    """The run is stopped after some steps and resumed with other settings."""
    script = make_script(folder / "resumed", options)
    script.run(max_steps=done, **first)
    with seen_rates() as resumed:
        script.run(resume="last", max_steps=-1, **then)
    with seen_rates() as straight:
        make_script(folder / "straight", options).run(**then)
    assert len(straight[-1]) == 2
    assert len(resumed) == len(straight) - done > 0
    for step, (now, always) in enumerate(zip(resumed, straight[done:], strict=True), done + 1):
        assert now == pytest.approx(always, rel=1e-9), step


@pytest.mark.parametrize("done", DONE)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_another_length(tmp_path, schedule, done):
    options = {**OPTIONS, "finetuning": SHARE, "scheduler": SCHEDULES[schedule]}
    assert_rates_of_straight_run(tmp_path, options, done, {"max_epochs": 8}, {"max_epochs": 6})


@pytest.mark.parametrize("done", DONE)
@pytest.mark.parametrize("schedule", ["none", "steps", "cosine of epochs", "warmup"])
@pytest.mark.parametrize(("arguments", "then"), CHANGES, ids=str)
def test_another_setting(tmp_path, schedule, done, arguments, then):
    """Together with another length."""
    options = {**OPTIONS, "finetuning": arguments, "scheduler": SCHEDULES[schedule]}
    assert_rates_of_straight_run(tmp_path, options, done, {"max_epochs": 8}, then)


@pytest.mark.parametrize("done", DONE)
@pytest.mark.parametrize("schedule", ["none", "steps", "warmup"])
def test_from_a_rate_of_zero(tmp_path, schedule, done):
    options = {**OPTIONS, "finetuning": SHARE, "scheduler": SCHEDULES[schedule]}
    assert_rates_of_straight_run(tmp_path, options, done, {"lr": 0.0}, {"lr": 0.01})


def test_another_epoch_of_unfreezing(tmp_path):
    """Before the unfreezing it is followed; afterwards it can no more be."""
    script = make_script(tmp_path, {**OPTIONS, "finetuning": EARLY})
    script.run(max_steps=15)
    with seen_rates() as rates:
        script.run(resume="last", max_steps=40, unfreeze_backbone_at_epoch=3)
    assert [len(groups) for groups in rates] == [1] * 18 + [2] * 7
    with pytest.raises(SystemExit) as error:
        script.run_rank(resume="last", max_steps=-1, unfreeze_backbone_at_epoch=4)
    assert str(error.value) == (
        "unfreeze_backbone_at_epoch: the checkpoint had 3, and the backbone has been trained "
        "since; start a new run from the checkpoint's weights"
    )
