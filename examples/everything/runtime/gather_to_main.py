"""Collects what each process has."""

from typing import TypeVar

import torch.distributed as dist

T = TypeVar("T")


def gather_to_main(value: T) -> list[T]:
    """Return the values of all ranks, in their order, on rank 0; an empty list on the others."""
    values: list[T] | None = [value] * dist.get_world_size() if dist.get_rank() == 0 else None
    dist.gather_object(value, values, dst=0)
    return values or []
