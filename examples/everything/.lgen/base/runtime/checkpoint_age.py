"""Tells how old the newest checkpoint is."""

import time

from runtime.checkpoints import Checkpoints


def checkpoint_age(checkpoints: Checkpoints) -> float:
    """Return the seconds since the last save, or since the start where there was none."""
    return time.monotonic() - checkpoints.saved_at
