"""Values of optimizers and schedulers that torch refuses when the script runs."""

from __future__ import annotations

from lgen.spec.options import Spec
from lgen.spec.predicates import (
    arguments_by_group,
    max_epochs,
    missing_length,
    optimizer,
)
from lgen.spec.rule import Rule

# arguments that hold a number for each group of parameters
_BY_GROUP = ("base_lr", "max_lr", "min_lr", "base_momentum", "max_momentum")


def _pairs(spec: Spec, name: str) -> list[list[float]]:
    """The argument of the optimizer and of its groups, where it is a list of two numbers."""
    values = [args.get(name) for args in arguments_by_group(spec)]
    lists = [
        [v for v in value if isinstance(v, (int, float)) and not isinstance(v, bool)]
        for value in values
        if isinstance(value, list) and len(value) == 2
    ]
    return [numbers for numbers in lists if len(numbers) == 2]


def _betas(spec: Spec) -> bool:
    """Whether a share of the running means is none."""
    return not all(0 <= beta < 1 for betas in _pairs(spec, "betas") for beta in betas)


def _etas(spec: Spec) -> bool:
    """Whether Rprop's factors do not shrink and grow."""
    shrinks = (0 < etas[0] < 1 < etas[1] for etas in _pairs(spec, "etas"))
    return optimizer(spec, "Rprop") and not all(shrinks)


def _negative_eps(spec: Spec) -> bool:
    """Whether one of Adafactor's two eps is negative."""
    given = [args.get("eps") for args in arguments_by_group(spec)]
    numbers = [v for eps in given if isinstance(eps, list) for v in eps]
    return optimizer(spec, "Adafactor") and any(
        isinstance(v, (int, float)) and v < 0 for v in numbers
    )


def _several_groups(spec: Spec) -> bool:
    """Whether the scheduler is given numbers for another number of groups than there are."""
    if spec.scheduler is None or spec.optimizer is None:
        return False
    given = (spec.scheduler.args.get(name) for name in _BY_GROUP)
    # of layers only the model knows the number, and a part that joins later has no value
    later = spec.optimizer.layer_decay or spec.finetuning
    number = 0 if later else len(arguments_by_group(spec))
    return any(isinstance(value, list) and len(value) != number for value in given)


def _ends_before_the_run(spec: Spec) -> bool:
    """Whether OneCycleLR takes more steps than its total, as far as the spec says."""
    scheduler = spec.scheduler
    if scheduler is None or scheduler.name != "OneCycleLR":
        return False
    total = scheduler.args.get("total_steps")
    if not isinstance(total, int):
        return False
    if scheduler.interval == "step":
        steps = spec.max_steps - scheduler.warmup_steps
    elif scheduler.interval == "epoch" and spec.max_steps == -1:
        steps = max_epochs(spec) or 0
    else:
        return False
    return steps // scheduler.frequency > total


def _has_no_length(spec: Spec) -> bool:
    """Whether a schedule asks for the length of a run that only its time ends."""
    unknown = max_epochs(spec) is None and spec.max_steps == -1
    return unknown and missing_length(spec.scheduler) is not None


TORCH_RULES: tuple[Rule, ...] = (
    Rule(
        "betas-range",
        ("optimizer.betas", "optimizer.groups", "optimizer"),
        _betas,
        "each of betas is >= 0 and < 1",
        "set betas: [0.9, 0.999], or leave it out",
    ),
    Rule(
        "rprop-etas",
        ("optimizer.etas", "optimizer.groups", "optimizer"),
        _etas,
        "the first of etas shrinks steps and the second lets them grow: 0 < first < 1 < second",
        "set etas: [0.5, 1.2], or leave it out",
    ),
    Rule(
        "adafactor-eps",
        ("optimizer.eps", "optimizer.groups", "optimizer"),
        _negative_eps,
        "neither of Adafactor's eps is negative",
        "set eps: [null, 1e-3], or leave it out",
    ),
    Rule(
        "scheduler-groups",
        (
            *(f"scheduler.{name}" for name in _BY_GROUP),
            "scheduler",
            "optimizer.groups",
            "finetuning",
        ),
        _several_groups,
        "the optimizer has another number of groups of parameters than this list has values",
        "write one number, or one for the optimizer's own arguments and one for each of its groups",
    ),
    Rule(
        "time-length",
        ("scheduler", "max_time"),
        _has_no_length,
        "the run ends by its time alone, so the schedule's length is not known",
        "set max_epochs or max_steps beside max_time",
    ),
    Rule(
        "one-cycle-length",
        (
            "scheduler.total_steps",
            "scheduler",
            "max_steps",
            "max_epochs",
            "scheduler.interval",
            "scheduler.frequency",
            "scheduler.warmup_steps",
        ),
        _ends_before_the_run,
        "the run is longer than total_steps, after which OneCycleLR ends with an error",
        "remove total_steps: it is the run's length by default",
    ),
)
