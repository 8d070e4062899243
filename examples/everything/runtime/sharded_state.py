"""What all ranks write together of a sharded model."""

from typing import Any

from torch import nn
from torch.distributed.checkpoint.state_dict import get_state_dict
from torch.optim import Optimizer


def sharded_state(model: nn.Module, optimizer: Optimizer) -> dict[str, Any]:
    """Return the states of model and optimizer."""
    model_state, optimizer_state = get_state_dict(model, optimizer)
    return {"model": model_state, "optimizer": optimizer_state}
