"""Hooks of a sharded model in mixed precision."""

import torch
from torch import nn


def autocast_methods(model: nn.Module, device_type: str, dtype: torch.dtype, *names: str) -> None:
    """Let the model's methods of these names run under autocast, whoever calls them."""
    for name in names:
        autocast = torch.autocast(device_type, dtype=dtype)
        setattr(model, name, autocast(getattr(model, name)))
