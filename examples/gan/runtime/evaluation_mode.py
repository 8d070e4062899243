"""Evaluation that leaves no trace in training."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from runtime.random_state import get_random_state, set_random_state


@contextmanager
def evaluation_mode(model: nn.Module, device_type: str) -> Iterator[None]:
    """Put the model into evaluation mode; afterwards, put every module's mode back.

    The random streams go on from where they were, so that an evaluation more or less changes no
    dropout and no augmentation of training.
    """
    modes = {module: module.training for module in model.modules()}
    random_state = get_random_state(device_type)
    model.eval()
    try:
        yield
    finally:
        set_random_state(random_state, device_type)
        for module, mode in modes.items():
            module.training = mode
