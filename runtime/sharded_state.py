"""What all ranks write together of a sharded model."""

from typing import Any

from torch import nn
from torch.distributed.checkpoint.state_dict import get_model_state_dict, get_optimizer_state_dict
from torch.optim import Optimizer


def sharded_state(model: nn.Module, **optimizers: Optimizer) -> dict[str, Any]:
    """Return the state of the model, and that of each optimizer under its name."""
    state: dict[str, Any] = {"model": get_model_state_dict(model)}
    for name, optimizer in optimizers.items():
        state[name] = optimizer_state(model, optimizer)
    return state


def optimizer_state(model: nn.Module, optimizer: Optimizer) -> dict[str, Any]:
    """Return the state by the names of the parameters."""
    has_stepped = bool(optimizer.state)
    state: dict[str, Any] = get_optimizer_state_dict(model, optimizer)
    if not has_stepped:
        # to have a state, torch has made a step at a rate of 0, which counts as the first
        optimizer.state.clear()
        state["state"] = {}
    return state
