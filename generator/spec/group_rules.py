"""Groups of parameters that cannot be, or that would be as the optimizer's other parameters."""

from __future__ import annotations

from lgen.spec.options import Spec
from lgen.spec.predicates import cycles_momentum, group_arguments, sets_rates
from lgen.spec.rule import Rule
from lgen.tables.torch_optim import classes

# how the step of all groups is computed
_OF_THE_STEP = ("capturable", "foreach", "fused")


def _sets_nothing(spec: Spec) -> bool:
    """Whether a group has no arguments."""
    return spec.optimizer is not None and not all(group.args for group in spec.optimizer.groups)


def _changes_nothing(spec: Spec) -> bool:
    """Whether a group has what its parameters have without it, whatever the settings are."""
    if spec.optimizer is None:
        return False
    rows = classes("optimizers").get(spec.optimizer.name, {}).get("args", {})
    groups = spec.optimizer.groups
    for number, group in enumerate(groups):
        # a later group would set what this one keeps at its default
        later = {name for other in groups[number + 1 :] for name in other.args}
        if group.args and all(
            name != "lr"
            and name not in spec.optimizer.args
            and name not in later
            and "default" in rows.get(name, {})
            and rows[name]["default"] == value
            for name, value in group.args.items()
        ):
            return True
    return False


def _has_one_layer(spec: Spec) -> bool:
    """Whether layer_decay names one layer only."""
    decay = spec.optimizer.layer_decay if spec.optimizer else None
    if decay is None or len(decay.layers) > 1:
        return False
    (only,) = decay.layers
    return not isinstance(only, str) or not any(sign in only for sign in "*?[")


GROUP_RULES: tuple[Rule, ...] = (
    Rule(
        "group-arguments",
        ("optimizer.groups",),
        _sets_nothing,
        "a group of parameters sets arguments of the optimizer, and one of these sets none",
        "add one beside match, such as weight_decay: 0.0",
    ),
    Rule(
        "group-as-default",
        ("optimizer.groups", "optimizer"),
        _changes_nothing,
        "a group sets what torch's default is anyway",
        "set the argument for the optimizer itself too, or remove the group",
    ),
    Rule(
        "group-of-the-step",
        ("optimizer.groups",),
        lambda s: any(group_arguments(s, name) for name in _OF_THE_STEP),
        "capturable, foreach and fused are about the step of all parameters",
        "set them for the optimizer itself",
    ),
    Rule(
        "group-rates",
        ("optimizer.groups", "scheduler"),
        lambda s: sets_rates(s) and bool(group_arguments(s, "lr")),
        "this schedule sets the rates of all groups",
        "remove lr from the groups; max_lr may be a list of the optimizer's own and each group's",
    ),
    Rule(
        "layer-decay-rates",
        ("optimizer.layer_decay", "scheduler"),
        lambda s: sets_rates(s) and s.optimizer is not None and s.optimizer.layer_decay is not None,
        "this schedule sets the rates of all layers",
        "choose another scheduler, such as CosineAnnealingLR with warmup_steps, or remove "
        "layer_decay",
    ),
    Rule(
        "layer-decay-lr",
        ("optimizer.layer_decay", "optimizer"),
        lambda s: s.optimizer is not None
        and s.optimizer.layer_decay is not None
        and bool(s.optimizer.module)
        and "lr" not in s.optimizer.args,
        "the rates of the layers follow from lr, which lgen does not know of this optimizer",
        "add lr to optimizer",
    ),
    Rule(
        "layer-decay-layers",
        ("optimizer.layer_decay.layers",),
        _has_one_layer,
        "a single layer has no other whose rate could be lower",
        'name all layers from input to output, such as [embed, "blocks.*", head]',
    ),
    Rule(
        "group-momentum",
        ("optimizer.groups", "scheduler.cycle_momentum", "scheduler"),
        lambda s: cycles_momentum(s)
        and bool(group_arguments(s, "momentum") or group_arguments(s, "betas")),
        "this schedule cycles the momentum of all groups, which is betas of Adam",
        "set cycle_momentum: false in scheduler, or remove it from the groups",
    ),
)
