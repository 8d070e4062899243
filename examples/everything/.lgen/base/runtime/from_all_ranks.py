"""Values that every process has, on all of them."""

from typing import TypeVar

import torch.distributed as dist

T = TypeVar("T")


def from_all_ranks(value: T) -> list[T]:
    """Return the value of every rank, in their order; all ranks call it."""
    values = [value] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values
