"""Evaluation that leaves no trace in training."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from runtime.own_stream import own_stream


@contextmanager
def evaluation_mode(model: nn.Module, device_type: str) -> Iterator[None]:
    """Put the model into evaluation mode; afterwards, put every module's mode back.

    The random streams go on from where they were, so that an evaluation more or less changes no
    dropout and no augmentation of training.
    """
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with own_stream(device_type):
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode
