"""What all ranks write together of a sharded model with averaged weights."""

from typing import Any

from torch import nn
from torch.distributed.checkpoint.state_dict import get_model_state_dict
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from runtime.averaged_shards import averaged_shards
from runtime.broadcast_buffers import broadcast_buffers
from runtime.sharded_state import sharded_state


def averaged_state(
    model: nn.Module, optimizer: Optimizer, averaged: AveragedModel
) -> dict[str, Any]:
    """Return the averaged weights as the model's state, and the model's own beside them."""
    with averaged_shards(model, averaged):
        broadcast_buffers(model)
        # copies: the model has its own weights again when they are written
        weights: dict[str, Any] = get_model_state_dict(model)
        average = {name: value.clone() for name, value in weights.items()}
    own = sharded_state(model, optimizer)
    return {"model": average, "raw_model": own["model"], "optimizer": own["optimizer"]}
