"""Warmup, a stable rate and decay: the rates of the formula, and torch's schedulers in Lightning.

A run of 4 epochs of 11 batches has 44 steps.
"""

import math

import pytest
import torch
from torch.optim import lr_scheduler

from tests.parity.beside import assert_equal_weights, beside, make_script

LR = 0.5
OPTIONS = {"optimizer": {"name": "SGD", "lr": LR}, "log_every_n_steps": 1}


def wsd(**arguments):
    return {"name": "WSD", "interval": "step", **arguments}


def rates(total, warmup, decay, shape="linear"):
    """The rate of each step, by hand."""
    start = max(warmup, total - decay)
    left = [1 - (step - start) / (total - start) for step in range(start, total)]
    if shape == "cosine":
        left = [(1 - math.cos(math.pi * share)) / 2 for share in left]
    rising = [(step + 1) / (warmup + 1) for step in range(min(warmup, total))]
    return [LR * share for share in [*rising, *[1.0] * (start - warmup), *left]][:total]


@pytest.mark.parametrize(
    ("scheduler", "flags", "expected"),
    [
        (wsd(warmup_steps=5), {}, rates(44, 5, 8)),
        (wsd(warmup_steps=5, decay_steps=7), {}, rates(44, 5, 7)),
        (wsd(decay_steps=0.5, decay_shape="cosine"), {}, rates(44, 0, 22, "cosine")),
        (wsd(decay_steps=1.0), {}, rates(44, 0, 44)),
        (wsd(warmup_steps=3, decay_steps=9), {"max_steps": 17}, rates(17, 3, 9)),
        (wsd(warmup_steps=5), {"accumulate_grad_batches": 4}, rates(12, 5, 2)),
        (wsd(warmup_steps=40, decay_steps=10), {}, rates(44, 40, 10)),
        (wsd(warmup_steps=50, decay_steps=10), {}, rates(44, 50, 10)),
    ],
    ids=str,
)
def test_rate_of_each_step(tmp_path, scheduler, flags, expected):
    """Where the run is too short for all three, its decay is what is left, and then its warmup."""
    script = make_script(tmp_path, {**OPTIONS, "scheduler": scheduler, **flags})
    assert script.run().values("lr") == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("flags", [{}, {"accumulate_grad_batches": 4}], ids=str)
def test_weights_of_torchs_schedulers(tmp_path, flags):
    """Exact: 44 steps or, in windows, 12; the same classes one after the other."""
    total = 12 if flags else 44
    decay = total // 2
    script = make_script(
        tmp_path, {**OPTIONS, "scheduler": wsd(warmup_steps=3, decay_steps=0.5), **flags}
    )

    def optimizers(model):
        optimizer = torch.optim.SGD(model.parameters(), lr=LR)
        parts = [
            lr_scheduler.LinearLR(optimizer, 1 / 4, 1.0, 3),
            lr_scheduler.ConstantLR(optimizer, 1.0, 0),
            lr_scheduler.LinearLR(optimizer, 1.0, 0.0, decay),
        ]
        schedule = lr_scheduler.SequentialLR(optimizer, parts, [3, total - decay])
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    trainer = beside(script, optimizers, **flags)
    assert_equal_weights(script.run(), trainer)


@pytest.mark.parametrize("done", [2, 20, 40])
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"max_epochs": 6}, rates(66, 5, 13)),
        ({"decay_steps": 0.5}, rates(44, 5, 22)),
        ({"warmup_steps": 10}, rates(44, 10, 8)),
        ({}, rates(44, 5, 8)),
    ],
    ids=str,
)
def test_resumed_with_other_settings(tmp_path, done, settings, expected):
    """Stopped in the warmup, the stable part or the decay: the rates of a run that had them."""
    script = make_script(tmp_path, {**OPTIONS, "scheduler": wsd(warmup_steps=5)})
    script.run(max_steps=done)
    result = script.run(resume="last", max_steps=-1, **settings)
    assert result.values("lr")[done:] == pytest.approx(expected[done:], rel=1e-9)
    assert len(result.values("lr")) == len(expected)
