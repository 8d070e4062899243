"""What averaged weights exclude or need."""

from __future__ import annotations

from lgen.spec.options import Spec
from lgen.spec.predicates import group_arguments, max_epochs
from lgen.spec.rule import Rule


def _equals_rates(spec: Spec) -> bool:
    """Whether groups with rates of their own get one rate in the averaged epochs."""
    if spec.swa is None or spec.swa.swa_lrs is None or spec.optimizer is None:
        return False
    return spec.optimizer.layer_decay is not None or bool(group_arguments(spec, "lr"))


AVERAGING: tuple[Rule, ...] = (
    Rule(
        "one-average",
        ("swa", "ema"),
        lambda s: s.swa is not None and s.ema is not None,
        "a run has one average of its weights",
        "remove swa or ema",
    ),
    Rule(
        "swa-checkpoint",
        ("swa", "checkpoint"),
        lambda s: s.swa is not None and s.checkpoint is None,
        "swa writes the average beside the checkpoints",
        "remove swa, or checkpoint: false",
    ),
    Rule(
        "swa-share",
        ("swa.swa_epoch_start", "swa", "max_epochs", "max_steps", "max_time"),
        lambda s: s.swa is not None
        and isinstance(s.swa.swa_epoch_start, float)
        and max_epochs(s) is None,
        "swa_epoch_start is a share of max_epochs, and there is none",
        "set max_epochs, or swa_epoch_start in swa to the number of an epoch",
    ),
    Rule(
        "swa-start",
        ("swa.swa_epoch_start", "max_epochs"),
        lambda s: s.swa is not None
        and isinstance(s.swa.swa_epoch_start, int)
        and s.swa.swa_epoch_start > (max_epochs(s) or s.swa.swa_epoch_start),
        "swa_epoch_start is past the last epoch",
        "set max_epochs to at least swa_epoch_start",
    ),
    Rule(
        "swa-rates",
        ("swa.swa_lrs", "optimizer.groups", "optimizer.layer_decay"),
        _equals_rates,
        "swa_lrs is one rate for all groups and layers, whatever theirs were",
        "remove swa_lrs, or layer_decay and lr from the groups",
    ),
)
