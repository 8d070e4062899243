"""Equally many forward passes on every process, for models whose parts are sharded."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch.distributed as dist


def equal_forwards(loader: Iterable[Any]) -> Iterator[tuple[Any, bool]]:
    """Yield each batch and True; then, while other processes still have batches, repeats and False.

    A forward pass gathers sharded parameters from all processes, so it waits for those that make
    none. A process that has run out repeats its last batch, one that had none at all repeats the
    first batch of process 0. Results that come with False are to be thrown away.
    """
    batches = iter(loader)
    last = None
    while True:
        found = next(batches, None)
        has_batch: list[bool] = [False] * dist.get_world_size()
        dist.all_gather_object(has_batch, found is not None)
        if not any(has_batch):
            return
        if last is None and not all(has_batch):
            first = [found]
            dist.broadcast_object_list(first, src=has_batch.index(True))
            last = first[0]
        if found is not None:
            last = found
        yield last, found is not None
