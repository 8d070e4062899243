"""Copies to the device that run beside the computation."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from runtime.nested import map_tensors
from runtime.to_device import to_device


def prefetch_to_device(loader: Iterable[Any], device: torch.device) -> Iterator[Any]:
    """Yield the batches of a loader on a CUDA device, each copied while the one before is in use.

    The loader has to pin its memory: copies from other memory wait for the device.
    """
    side_stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    ahead: list[tuple[Any, torch.cuda.Event]] = []
    for batch in loader:
        with torch.cuda.stream(side_stream):
            ahead.append((to_device(batch, device), side_stream.record_event()))
        if len(ahead) == 2:
            yield take_over(*ahead.pop(0))
    if ahead:
        yield take_over(*ahead.pop(0))


def take_over(batch: Any, copied: torch.cuda.Event) -> Any:
    """Return the batch for use on the current stream, which waits until it has been copied."""
    stream = torch.cuda.current_stream()
    stream.wait_event(copied)

    def keep(value: Any) -> Any:
        # else the side stream could write the next batch over memory that is still being read
        if isinstance(value, torch.Tensor):
            value.record_stream(stream)
        return value

    return map_tensors(keep, batch)
