"""The average of a sharded model as a state that all ranks can write."""

from typing import Any

from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import get_model_state_dict
from torch.optim.swa_utils import AveragedModel

from runtime.averaged_shards import averaged_shards
from runtime.broadcast_buffers import broadcast_buffers


def average_as_state(model: nn.Module, averaged: AveragedModel) -> dict[str, Any]:
    """Return copies of the averaged weights, sharded and named as the model's."""
    with averaged_shards(model, averaged):
        broadcast_buffers(model)
        weights: dict[str, Any] = get_model_state_dict(model)
        # copies: the model has its own weights again when they are written
        return {n: v.clone() if isinstance(v, Tensor) else v for n, v in weights.items()}
