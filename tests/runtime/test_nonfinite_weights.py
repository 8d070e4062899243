"""Weights that are no numbers end the run."""

import pytest
import torch
from torch import nn

from runtime.nonfinite_weights import stop_on_nonfinite_weights


def test_a_buffer_that_is_none_ends_the_program() -> None:
    """A mask may hold infinities; statistics that are NaN spoil every later evaluation."""
    model = nn.BatchNorm1d(2)
    model.register_buffer("mask", torch.full((2, 2), float("-inf")).triu(1))
    stop_on_nonfinite_weights(model)
    model(torch.tensor([[1.0, 2.0], [float("nan"), 3.0]]))
    with pytest.raises(SystemExit, match="buffer is not finite"):
        stop_on_nonfinite_weights(model)


def test_a_weight_that_is_none_ends_the_program() -> None:
    """One NaN among the weights is enough; finite weights pass."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    stop_on_nonfinite_weights(model)
    with torch.no_grad():
        model[1].bias[1] = float("nan")
    with pytest.raises(SystemExit, match="not finite"):
        stop_on_nonfinite_weights(model)
