"""Tells the samplers of a loader which epoch begins."""

from typing import Any


def set_epoch(loader: Any, epoch: int) -> None:
    """Set the epoch of the samplers that shuffle by it, as torch's DistributedSampler does."""
    batches = getattr(loader, "batch_sampler", None)
    for sampler in (getattr(loader, "sampler", None), batches, getattr(batches, "sampler", None)):
        tell = getattr(sampler, "set_epoch", None)
        if tell is not None:
            tell(epoch)
