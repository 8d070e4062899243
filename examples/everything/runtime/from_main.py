"""Values that rank 0 makes and all ranks use."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import torch.distributed as dist

P = ParamSpec("P")
T = TypeVar("T")


def from_main(make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return on every rank what make(*args, **kwargs) returns on rank 0, which alone calls it.

    An error of the file system, or the program's end, ends every rank: if rank 0 ended alone the
    others would wait for it. Rank 0 alone says why.
    """
    answer: list[Any] = [None, None]
    if dist.get_rank() == 0:
        try:
            answer = [make(*args, **kwargs), None]
        except (OSError, SystemExit) as error:
            answer = [None, error]
    dist.broadcast_object_list(answer, src=0)
    value, problem = answer
    if problem is not None:
        raise problem if dist.get_rank() == 0 else SystemExit(1)
    return cast(T, value)
