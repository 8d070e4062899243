"""Decides on groups of parameters."""

from __future__ import annotations

from lgen.plan.decisions import Decisions
from lgen.spec.options import Spec


def groups(spec: Spec) -> Decisions:
    """The rules that make groups of parameters, and whether their settings are saved."""
    given = spec.optimizer.groups if spec.optimizer else []
    saved = spec.checkpoint is not None and not spec.checkpoint.save_weights_only
    return Decisions(
        flags={
            "group_rules_given": bool(given),
            "grouped": bool(given),
            "saves_groups": bool(given) and saved,
        },
        values={"group_rules": [{"match": group.match, **group.args} for group in given]},
    )
