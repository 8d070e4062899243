"""Whether training is interrupted by validations."""

from __future__ import annotations

from lgen.spec.options import Spec


def validation_interval(spec: Spec) -> str:
    """The batches between validations, as the script says it."""
    return (
        "val_interval" if isinstance(spec.val_check_interval, float) else "cfg.val_check_interval"
    )


def validates_within_epoch(spec: Spec) -> bool:
    """Whether a validation can fall before the epoch's end."""
    interval = spec.val_check_interval
    return isinstance(interval, int) or interval != 1.0 or spec.check_val_every_n_epoch is None
