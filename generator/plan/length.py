"""How long training is, and whether it is interrupted by validations."""

from __future__ import annotations

from lgen.spec.options import Spec

DEFAULT_MAX_EPOCHS = 1000  # Lightning's, where no limit is given


def max_epochs(spec: Spec) -> int | None:
    """The last epoch, None where only max_steps ends the run."""
    if spec.max_epochs is None and spec.max_steps == -1:
        return DEFAULT_MAX_EPOCHS
    return spec.max_epochs


def validates_within_epoch(spec: Spec) -> bool:
    """Whether a validation can fall before the epoch's end."""
    interval = spec.val_check_interval
    return isinstance(interval, int) or interval != 1.0 or spec.check_val_every_n_epoch is None
