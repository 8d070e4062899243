"""A schedule goes on exactly, and follows the run's length where that has changed."""

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from runtime.restore_schedule import restore_schedule


def cosine(length: int, done: int) -> tuple[torch.optim.Optimizer, lr_scheduler.LRScheduler]:
    """A cosine schedule of this length after some steps."""
    optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, T_max=length)
    for _ in range(done):
        optimizer.step()
        scheduler.step()
    return optimizer, scheduler


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
