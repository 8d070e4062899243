"""The mean of a loss over all processes."""

import torch.distributed as dist
from torch import Tensor


def global_mean(loss: Tensor) -> Tensor:
    """Return the mean of the ranks' losses, the same to the last bit on all ranks.

    Its gradients are those that DistributedDataParallel leaves. All ranks call it.
    """
    total = loss.detach().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()
