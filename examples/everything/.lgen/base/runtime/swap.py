"""Exchanges the values of two models."""

from collections.abc import Iterator
from itertools import chain

import torch
from torch import Tensor, nn


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
