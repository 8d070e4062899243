"""Decides on groups of parameters."""

from __future__ import annotations

from lgen.plan.decisions import Decisions
from lgen.spec.options import Spec
from lgen.spec.predicates import needs_closure, saves_state


def groups(spec: Spec) -> Decisions:
    """The rules and layers that make groups of parameters, and whether their settings are saved."""
    given = spec.optimizer.groups if spec.optimizer else []
    decay = spec.optimizer.layer_decay if spec.optimizer else None
    grouped = bool(given) or decay is not None
    # what an optimizer that is not torch's, or LBFGS, makes of its arguments, its groups tell
    makes = needs_closure(spec) or (spec.optimizer is not None and bool(spec.optimizer.module))
    return Decisions(
        flags={
            "group_rules_given": bool(given),
            "decays_by_layer": decay is not None,
            "grouped": grouped,
            "saves_groups": (grouped or makes) and saves_state(spec),
        },
        names={"UNSPLIT": "groups" if given else '[{"params": list(model.parameters())}]'},
        values={
            "group_rules": [{"match": group.match, **group.args} for group in given],
            "layers": decay.layers if decay else [],
            "layer_decay": decay.factor if decay else 0.0,
        },
    )
