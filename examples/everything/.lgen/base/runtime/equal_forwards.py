"""Equally many forward passes on every process, for models whose parts are sharded."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch.distributed as dist
from torch.utils.data import DataLoader, IterableDataset

from runtime.from_all_ranks import from_all_ranks


def equal_forwards(loader: Iterable[Any]) -> Iterator[tuple[Any, bool]]:
    """Yield each batch and True; then, while other processes still have batches, repeats and False.

    A forward pass gathers sharded parameters from all processes, so it waits for those that make
    none. A process that has run out repeats its last batch, one that had none at all repeats the
    first batch of another. Results that come with False are to be thrown away.
    """
    batches = iter(loader)
    lengths = from_all_ranks(known_length(loader))
    known = [length for length in lengths if length is not None]
    number, last = 0, None
    while True:
        found = next(batches, None)
        if len(known) < len(lengths):
            has_batch = from_all_ranks(found is not None)
        else:
            has_batch = [number < length for length in known]
        if not any(has_batch):
            return
        if number == 0 and not all(has_batch):
            first = [found]
            dist.broadcast_object_list(first, src=has_batch.index(True))
            last = first[0]
        if found is not None:
            last = found
        yield last, found is not None
        number += 1


def known_length(loader: Any) -> int | None:
    """Return the number of batches, None where only the data knows."""
    exact = type(loader) is DataLoader and not isinstance(loader.dataset, IterableDataset)
    return len(loader) if exact else None
