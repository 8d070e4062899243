"""A new epoch of training data, wherever the run stopped."""

from collections.abc import Iterator
from typing import Any

from runtime.own_stream import own_stream
from runtime.resumable_loader import ResumableLoader


def whole_epoch(batches: ResumableLoader) -> Iterator[Any]:
    """Yield the batches of a new epoch, also where the state that was loaded lies within one."""
    if batches.loaded is not None and not batches.ended:
        # the first iterator after a state was loaded goes on with the old epoch
        with own_stream(batches.device_type):
            next(iter(batches.loader), None)
    yield from batches.batches_from(0)
