"""One set of buffers for all processes."""

import torch.distributed as dist
from torch import nn


def broadcast_buffers(model: nn.Module) -> None:
    """Give every rank the buffers of rank 0: batch norm's statistics differ between ranks."""
    for buffer in model.buffers():
        dist.broadcast(buffer, src=0)
