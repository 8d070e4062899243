"""Averaged weights in the place of a sharded model's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.optim.swa_utils import AveragedModel

from runtime.local_shards import LocalShards
from runtime.swap import swap


@contextmanager
def averaged_shards(model: nn.Module, averaged: AveragedModel) -> Iterator[None]:
    """Let the model have the weights of an average of its shards, and then its own again."""
    swap(LocalShards(model), averaged.module)
    try:
        yield
    finally:
        # anew: what was gathered meanwhile is of the average
        swap(LocalShards(model), averaged.module)
