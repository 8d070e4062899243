"""Values that rank 0 makes and all ranks use."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch.distributed as dist

P = ParamSpec("P")
T = TypeVar("T")


def from_main(make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return on every rank what make(*args, **kwargs) returns on rank 0, which alone calls it."""
    values = [make(*args, **kwargs) if dist.get_rank() == 0 else None]
    dist.broadcast_object_list(values, src=0)
    value: T = values[0]  # type: ignore[assignment]
    return value
