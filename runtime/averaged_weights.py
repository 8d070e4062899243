"""Averaged weights in the place of a model's own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from runtime.restore import restore


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


def restore_average(
    checkpoint: Mapping[str, Any], model: nn.Module, averaged: AveragedModel
) -> None:
    """Go on with the model's own weights; a checkpoint's weights named model are the averaged ones.

    The average of a run that had none starts anew.
    """
    if "raw_model" in checkpoint:
        averaged.module.load_state_dict(checkpoint["model"])
        averaged.n_averaged.fill_(checkpoint["n_averaged"])
        restore({"model": checkpoint["raw_model"]}, model=model)
