"""Whether training is interrupted by validations."""

from __future__ import annotations

from lgen.spec.options import Spec


def validates_within_epoch(spec: Spec) -> bool:
    """Whether a validation can fall before the epoch's end."""
    interval = spec.val_check_interval
    return isinstance(interval, int) or interval != 1.0 or spec.check_val_every_n_epoch is None
