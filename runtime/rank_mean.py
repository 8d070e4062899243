"""The mean of a number over all processes, without waiting for a device."""

import torch
import torch.distributed as dist
from torch import Tensor


def rank_mean(value: Tensor | float, device: torch.device) -> Tensor:
    """Return the mean of the ranks' values, the same on all ranks.

    All ranks call it. It is a divisor, so zero is the smallest number above it.
    """
    total = torch.as_tensor(value, dtype=torch.float64, device=device).clone()
    dist.all_reduce(total)
    return (total / dist.get_world_size()).clamp(min=torch.finfo(torch.float32).tiny)
