"""LBFGS goes on where its length of memory was changed between two runs."""

import pytest
import torch
from torch import Tensor, nn
from torch.optim import LBFGS

from runtime.resize_history import resize_history


def trained(optimizer: LBFGS, weight: nn.Parameter, steps: int) -> None:
    """Go so many steps down a curve that is no parabola."""

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = ((weight - torch.arange(5.0)) ** 4).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    for _ in range(steps):
        optimizer.step(closure)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("size", [2, 5, 9])
def test_the_newest_steps_are_kept(size: int) -> None:
    """Of a memory of 5 steps; without it a longer one ends with an error."""
    weight = nn.Parameter(torch.zeros(5))
    first = LBFGS([weight], lr=0.1, max_iter=4, history_size=5)
    trained(first, weight, 3)
    second = LBFGS([weight], lr=0.1, max_iter=4)
    second.load_state_dict(first.state_dict())
    second.param_groups[0]["history_size"] = size
    resize_history(second)
    kept, before = (optimizer.state[weight]["old_stps"] for optimizer in (second, first))
    assert len(before) == 5 and len(kept) == min(size, 5)
    assert all(map(torch.equal, kept, before[-len(kept) :]))
    trained(second, weight, 3)
    assert len(second.state[weight]["old_stps"]) == size


def test_an_optimizer_that_has_not_stepped_has_no_memory() -> None:
    weight = nn.Parameter(torch.zeros(5))
    optimizer = LBFGS([weight])
    resize_history(optimizer)
    assert optimizer.state_dict()["state"] in ({}, {0: {}})
