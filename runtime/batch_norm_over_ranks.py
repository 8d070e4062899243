"""Statistics of batch norm that hold for the batches of all ranks."""

import torch.distributed as dist
from torch import Tensor, nn

from runtime.batch_norm_batches import trained_batch_norm


def batch_norm_over_ranks(model: nn.Module) -> None:
    """Give every rank the mean of the ranks' statistics, weighted by the batches of each."""
    for module in trained_batch_norm(model):
        total = module.num_batches_tracked.clone()
        dist.all_reduce(total)
        if total > 0:
            share = module.num_batches_tracked / total
            add_up(module.running_mean, share)
            add_up(module.running_var, share)
            module.num_batches_tracked.copy_(total)


def add_up(statistic: Tensor, share: Tensor) -> None:
    """Make the statistic the sum of each rank's share of its own."""
    statistic.mul_(share)
    dist.all_reduce(statistic)
