"""Whether a run that is to stop has stopped within the epoch."""

from runtime.resumable_loader import END, ResumableLoader


def has_more(batches: ResumableLoader, start: int) -> bool:
    """Return whether an epoch has more batches than its first `start`; the next one is lost."""
    if start > 0 and not batches.ended:
        batches.ended = next(batches.iterator(start), END) is END
        batches.loaded = None
    return start == 0 or not batches.ended
