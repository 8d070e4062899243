"""Averaged weights in the place of a model's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


@contextmanager
def averaged_weights(model: nn.Module, averaged: AveragedModel) -> Iterator[None]:
    """Let the model have the averaged weights and buffers, and then its own again."""
    swap(model, averaged.module)
    try:
        yield
    finally:
        swap(model, averaged.module)


@torch.no_grad()
def swap(one: nn.Module, other: nn.Module) -> None:
    """Exchange the values of all parameters and buffers; the tensors stay where they are."""
    for mine, theirs in zip(tensors(one), tensors(other), strict=True):
        kept = mine.clone()
        mine.copy_(theirs)
        theirs.copy_(kept)


def tensors(model: nn.Module) -> Iterator[Tensor]:
    """Yield the parameters and buffers of a model."""
    return chain(model.parameters(), model.buffers())
