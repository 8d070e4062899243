"""Averaged weights in the place of a model's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.optim.swa_utils import AveragedModel

from runtime.swap import swap


@contextmanager
def averaged_weights(model: nn.Module, averaged: AveragedModel) -> Iterator[None]:
    """Let the model have the averaged weights and buffers, and then its own again."""
    swap(model, averaged.module)
    try:
        yield
    finally:
        swap(model, averaged.module)
