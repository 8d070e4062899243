"""Trains a part of a sharded model while the rest of it is held still."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn

from runtime.reshard import reshard
from runtime.train_only import train_only


@contextmanager
def train_shards_only(model: nn.Module, parameters: Iterable[nn.Parameter]) -> Iterator[None]:
    """Freeze all other parameters of the model; afterwards each is as it was.

    What is gathered from a frozen shard is frozen too, and anew in each forward pass.
    """
    reshard(model)  # an evaluation keeps what it has gathered, with other parameters frozen
    with train_only(model, parameters):
        yield
