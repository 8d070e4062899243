"""Buffers as they were before a step, such as the statistics of batch norm."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def copy_buffers(model: nn.Module) -> list[Tensor]:
    """Return a copy of each buffer, in the model's order."""
    return [buffer.detach().clone() for buffer in model.buffers()]


@torch.no_grad()
def restore_buffers(model: nn.Module, buffers: Sequence[Tensor]) -> None:
    """Give the model the values that were copied."""
    for buffer, value in zip(model.buffers(), buffers, strict=True):
        buffer.copy_(value)
