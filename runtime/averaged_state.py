"""What all ranks write together of a sharded model with averaged weights."""

from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from runtime.average_as_state import average_as_state
from runtime.sharded_state import sharded_state


def averaged_state(
    model: nn.Module, averaged: AveragedModel, **optimizers: Optimizer
) -> dict[str, Any]:
    """Return the averaged weights as the model's state, and the model's own beside them."""
    average = average_as_state(model, averaged)
    own = sharded_state(model, **optimizers)
    return {**own, "model": average, "raw_model": own["model"]}
