"""Trains a part of a model while the rest of it is held still."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def train_only(model: nn.Module, parameters: Iterable[nn.Parameter]) -> Iterator[None]:
    """Freeze all other parameters of the model; afterwards each is as it was.

    A loss still passes gradients through the parts that are frozen.
    """
    trained = set(parameters)
    others = [p for p in model.parameters() if p.requires_grad and p not in trained]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)
