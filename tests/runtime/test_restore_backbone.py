"""The rate of a backbone in a resumed run, where a metric sets the rates and where nothing does."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from runtime.freeze import freeze, unfreeze
from runtime.override_settings import override_settings
from runtime.restore_backbone import restore_backbone

FIRST = {"share": {"backbone_initial_ratio_lr": 0.5}, "number": {"backbone_initial_lr": 0.05}}


def run(
    settings: dict[str, Any], plateau: bool, begun: int = 2
) -> tuple[torch.optim.Optimizer, Any, Callable[[float | None], float]]:
    """An optimizer whose second group has begun some epochs, its schedule and the rule of rates."""
    net = nn.ModuleDict({"backbone": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
    names = freeze(net, "backbone")
    optimizer = torch.optim.SGD(net["head"].parameters(), lr=settings["lr"])
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0) if plateau else None

    def next_rate(rate: float | None) -> float:
        if rate is not None:
            return settings["backbone_multiplier"] * rate
        if "backbone_initial_lr" in settings:
            return float(settings["backbone_initial_lr"])
        return float(settings["backbone_initial_ratio_lr"] * optimizer.param_groups[0]["lr"])

    rate = None
    for _ in range(begun):
        rate = next_rate(rate)
    unfreeze(net, names, optimizer, rate or 0.0, scheduler)
    if scheduler is not None and begun:
        for _ in range(2):
            scheduler.step(1.0)  # the second is no better: a tenth from here on
    return optimizer, scheduler, next_rate


def resumed(first: str, plateau: bool, **then: Any) -> tuple[float | None, list[float]]:
    """The rate of the backbone's epoch, and those of the groups, after a change of settings."""
    saved = {
        "lr": 0.1,
        "unfreeze_backbone_at_epoch": 2,
        "backbone_multiplier": 3.0,
        **FIRST[first],
    }
    old, old_schedule, rule = run(saved, plateau)
    checkpoint = {
        "config": saved,
        "backbone_lr": rule(rule(None)),
        "backbone_starts": [2, 3],
        **({"scheduler": old_schedule.state_dict()} if plateau else {}),
    }
    if plateau:
        checkpoint["backbone_lr"] *= 10  # the rule knows the reduced rate only
    settings = {**saved, **then}
    optimizer, scheduler, next_rate = run(settings, plateau, begun=0)
    optimizer.load_state_dict(old.state_dict())
    override_settings(optimizer, {"lr": settings["lr"]}, saved)
    rate = restore_backbone(checkpoint, optimizer, next_rate, settings, scheduler)
    return rate, [group["lr"] for group in optimizer.param_groups]


@pytest.mark.parametrize(
    ("first", "then", "rate"),
    [
        ("share", {}, 0.15),
        ("share", {"lr": 0.2}, 0.3),
        ("share", {"lr": 0.2, "backbone_multiplier": 2.0}, 0.2),
        ("share", {"backbone_initial_ratio_lr": 0.1}, 0.03),
        ("number", {"lr": 0.2}, 0.15),
        ("number", {"backbone_initial_lr": 0.01}, 0.03),
    ],
)
def test_without_a_schedule(first: str, then: dict[str, float], rate: float) -> None:
    """Two epochs have trained the backbone: the first rate, and the multiplier once."""
    now, groups = resumed(first, False, **then)
    assert now == pytest.approx(rate)
    assert groups == pytest.approx([then.get("lr", 0.1), rate])


def test_after_a_metric_it_changes_as_the_others() -> None:
    """The rates that the metric has set are a tenth of those that the epochs began with."""
    rate, groups = resumed("share", True, lr=0.2)
    assert rate == pytest.approx(0.3)
    assert groups == pytest.approx([0.02, 0.03])


@pytest.mark.parametrize(
    ("first", "then", "fault"),
    [
        ("share", {"unfreeze_backbone_at_epoch": 3}, "unfreeze_backbone_at_epoch: .* had 2"),
        ("share", {"backbone_multiplier": 2.0}, "backbone_multiplier: the checkpoint had 3.0"),
        ("share", {"backbone_initial_ratio_lr": 0.1}, "backbone_initial_ratio_lr: .* had 0.5"),
        ("number", {"lr": 0.2}, "lr: the checkpoint had 0.1, and where a metric sets"),
    ],
)
def test_what_cannot_be_followed(first: str, then: dict[str, Any], fault: str) -> None:
    with pytest.raises(SystemExit, match=fault):
        resumed(first, True, **then)
