"""When training is interrupted by validations."""

from __future__ import annotations

from lgen.spec.options import Spec


def validation_interval(spec: Spec) -> str:
    """The batches between validations, as the script says it."""
    return (
        "val_interval" if isinstance(spec.val_check_interval, float) else "cfg.val_check_interval"
    )
