"""The metrics of several optimizers, which are told apart by the names of the blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations

from lgen.spec.options import Spec
from lgen.spec.rule import CodeRule, Finding
from lgen.user_code.classes import UserClass

BLOCK_METRIC_RULES = (
    CodeRule("blocks-metrics", ("optimizers",), "each block has metrics of its own name"),
)


def block_metric_findings(spec: Spec, module: UserClass) -> Iterator[Finding]:
    """The blocks whose metrics have the same name, or may have it."""
    steps = {
        name: module.steps.get(block.step_name(name)) for name, block in spec.optimizers.items()
    }
    keys = {
        name: ("loss",) if step.returns == "loss" else step.metrics
        for name, step in steps.items()
        if step is not None
    }
    for name, other in permutations(keys, 2):
        mine, theirs = keys[name], keys[other]
        if not other.startswith(f"{name}_"):
            continue
        if mine is None:
            reason = f"what {name} returns is not known, and may be named as what {other} returns"
        elif same := [
            key
            for key in mine
            if f"{name}_{key}".startswith(f"{other}_")
            and (theirs is None or _columns(name, [key]) & _columns(other, theirs))
        ]:
            reason = f"{same[0]} of {name} has the name that a metric of {other} has or may have"
        else:
            continue
        yield Finding(
            "blocks-metrics",
            ("optimizers",),
            f"metrics are logged under the block's name and their own: {reason}; name a block "
            f"otherwise, so that none begins with {name}_",
        )


def _columns(name: str, keys: Iterable[str]) -> set[str]:
    """What the metrics of a block are logged as, the means over an epoch too."""
    return {f"{name}_{key}{end}" for key in keys for end in ("", "_epoch")}
