"""A schedule goes on exactly, and follows the run's length where that has changed."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from runtime.override_settings import override_settings
from runtime.restore_schedule import restore_schedule


def stepped(
    optimizer: torch.optim.Optimizer, scheduler: Any, done: int
) -> tuple[torch.optim.Optimizer, Any]:
    """Both after some steps."""
    for _ in range(done):
        optimizer.step()
        scheduler.step()
    return optimizer, scheduler


def cosine(length: int, done: int) -> tuple[torch.optim.Optimizer, lr_scheduler.LRScheduler]:
    """A cosine schedule of this length after some steps."""
    optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, T_max=length)
    return stepped(optimizer, scheduler, done)


@pytest.mark.parametrize("length", [6, 12])
def test_goes_on_as_a_schedule_of_the_new_length(length: int) -> None:
    """Resumed after 5 of 6 steps, the rates are those of a straight run of the given length."""
    old_optimizer, old = cosine(6, 5)
    optimizer, scheduler = cosine(length, 0)
    optimizer.load_state_dict(old_optimizer.state_dict())
    restore_schedule({"scheduler": old.state_dict()}, scheduler, optimizer)
    rates = []
    for _ in range(length - 5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    straight = [cosine(length, done)[0].param_groups[0]["lr"] for done in range(5, length)]
    assert rates == pytest.approx(straight, rel=1e-9)
    if length == 6:
        assert rates == straight


def warmed_up(length: int, done: int, lr: float = 0.1) -> tuple[torch.optim.Optimizer, Any]:
    """A linear warmup of four steps before a cosine, after some steps."""
    optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=lr)
    warmup = lr_scheduler.LinearLR(optimizer, start_factor=0.2, total_iters=4)
    main = lr_scheduler.CosineAnnealingLR(optimizer, T_max=length - 4)
    scheduler = lr_scheduler.SequentialLR(optimizer, [warmup, main], milestones=[4])
    return stepped(optimizer, scheduler, done)


@pytest.mark.parametrize("lr", [0.1, 0.2])
@pytest.mark.parametrize("done", [0, 2, 3, 4, 5, 8])
def test_another_length_during_and_after_the_warmup(done: int, lr: float) -> None:
    """Wherever the shorter run stopped, the rates are those of a run that always was longer."""
    old_optimizer, old = warmed_up(9, done)
    optimizer, scheduler = warmed_up(20, 0, lr)
    optimizer.load_state_dict(old_optimizer.state_dict())
    restore_schedule({"scheduler": old.state_dict()}, scheduler, optimizer)
    override_settings(optimizer, {"lr": lr}, {"lr": 0.1}, scheduler)
    rates = []
    for _ in range(20 - done):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    straight = [warmed_up(20, at, lr)[0].param_groups[0]["lr"] for at in range(done, 20)]
    assert rates == pytest.approx(straight, rel=1e-9)
    if lr == 0.1:
        assert rates == straight


def test_another_length_of_one_cycle_follows_its_momentum_too() -> None:
    def cycle(length: int, done: int) -> tuple[torch.optim.Optimizer, Any]:
        optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1, momentum=0.9)
        scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=0.3, total_steps=length)
        return stepped(optimizer, scheduler, done)

    old_optimizer, old = cycle(8, 5)
    optimizer, scheduler = cycle(16, 0)
    optimizer.load_state_dict(old_optimizer.state_dict())
    restore_schedule({"scheduler": old.state_dict()}, scheduler, optimizer)
    straight = cycle(16, 5)[0].param_groups[0]
    group = optimizer.param_groups[0]
    assert (group["lr"], group["momentum"]) == (straight["lr"], straight["momentum"])


def test_another_rate_of_decay_is_followed_from_the_start() -> None:
    def decaying(gamma: float, done: int) -> tuple[torch.optim.Optimizer, Any]:
        optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)
        scheduler = lr_scheduler.ExponentialLR(optimizer, gamma)
        return stepped(optimizer, scheduler, done)

    old_optimizer, old = decaying(0.9, 3)
    optimizer, scheduler = decaying(0.5, 0)
    optimizer.load_state_dict(old_optimizer.state_dict())
    checkpoint = {"scheduler": old.state_dict(), "config": {"gamma": 0.9}}
    restore_schedule(checkpoint, scheduler, optimizer, {"gamma": 0.5})
    straight = decaying(0.5, 3)[0].param_groups[0]["lr"]
    assert optimizer.param_groups[0]["lr"] == straight


def test_a_plateau_goes_on_with_its_new_settings() -> None:
    def plateau(factor: float) -> tuple[torch.optim.Optimizer, Any]:
        optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)
        return optimizer, lr_scheduler.ReduceLROnPlateau(optimizer, factor=factor, patience=1)

    old_optimizer, old = plateau(0.5)
    for metric in (1.0, 1.0):
        old.step(metric)
    optimizer, scheduler = plateau(0.1)
    optimizer.load_state_dict(old_optimizer.state_dict())
    checkpoint = {"scheduler": old.state_dict(), "config": {"factor": 0.5}}
    restore_schedule(checkpoint, scheduler, optimizer, {"factor": 0.1})
    scheduler.step(1.0)  # the second without improvement
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)


def test_bounds_of_a_cycle_that_has_begun_are_kept() -> None:
    optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1, momentum=0.9)
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=0.3, total_steps=8)
    checkpoint = {"scheduler": scheduler.state_dict(), "config": {"max_lr": 0.1}}
    with pytest.raises(SystemExit, match="max_lr: the checkpoint had 0.1, and this schedule"):
        restore_schedule(checkpoint, scheduler, optimizer, {"max_lr": 0.3})


@pytest.mark.parametrize(
    ("config", "settings"),
    [
        ({"scheduler_frequency": 2}, {"scheduler_frequency": 1}),
        ({"scheduler_frequency": 2}, {}),  # a script that has no such setting steps each time
        ({}, {"scheduler_frequency": 2}),
    ],
    ids=str,
)
def test_another_frequency_is_refused(config: dict[str, Any], settings: dict[str, Any]) -> None:
    """The number of steps that are saved tells not how many the new frequency would have made."""
    _, old = cosine(6, 2)
    optimizer, scheduler = cosine(6, 0)
    checkpoint = {"scheduler": old.state_dict(), "config": config}
    had = config.get("scheduler_frequency", 1)
    with pytest.raises(SystemExit, match=f"scheduler_frequency: the checkpoint had {had}, and"):
        restore_schedule(checkpoint, scheduler, optimizer, settings)


def test_the_same_frequency_goes_on() -> None:
    old_optimizer, old = cosine(6, 2)
    optimizer, scheduler = cosine(6, 0)
    optimizer.load_state_dict(old_optimizer.state_dict())
    checkpoint = {"scheduler": old.state_dict(), "config": {"scheduler_frequency": 2}}
    restore_schedule(checkpoint, scheduler, optimizer, {"scheduler_frequency": 2})
    assert optimizer.param_groups[0]["lr"] == cosine(6, 2)[0].param_groups[0]["lr"]
