"""What all ranks write together of a sharded model and of the average of its epochs."""

from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from runtime.average_as_state import average_as_state
from runtime.sharded_state import sharded_state


def swa_state(model: nn.Module, averaged: AveragedModel, optimizer: Optimizer) -> dict[str, Any]:
    """Return the states of model and optimizer, and the average once it holds an epoch."""
    average = {}
    if averaged.n_averaged > 0:
        average = {"averaged_model": average_as_state(model, averaged)}
    return sharded_state(model, optimizer=optimizer) | average
