"""Statistics of batch norm that hold for the batches of all ranks."""

import torch.distributed as dist
from torch import nn

from runtime.batch_norm_batches import trained_batch_norm


def batch_norm_over_ranks(model: nn.Module) -> None:
    """Give every rank the mean of the ranks' statistics, weighted by the batches of each."""
    for module in trained_batch_norm(model):
        buffers = dict(module.named_buffers(recurse=False))
        batches = buffers["num_batches_tracked"]
        total = batches.clone()
        dist.all_reduce(total)
        if total > 0:
            share = batches / total
            for name in ("running_mean", "running_var"):
                buffers[name].mul_(share)
                dist.all_reduce(buffers[name])
            batches.copy_(total)
