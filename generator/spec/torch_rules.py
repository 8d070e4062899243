"""Values of optimizers and schedulers that torch refuses when the script runs."""

from __future__ import annotations

from lgen.spec.options import Spec
from lgen.spec.predicates import argument, max_epochs, optimizer
from lgen.spec.rule import Rule
from lgen.tables.torch_optim import classes, length_argument

# arguments that hold a number for each group of parameters
_BY_GROUP = ("base_lr", "max_lr", "min_lr", "base_momentum", "max_momentum")


def _numbers(spec: Spec, name: str) -> list[float] | None:
    """The optimizer's argument where it is a list of two numbers."""
    value = argument(spec, name)
    if not isinstance(value, list) or len(value) != 2:
        return None
    numbers = [v for v in value if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return numbers if len(numbers) == 2 else None


def _betas(spec: Spec) -> bool:
    """Whether a share of the running means is none."""
    betas = _numbers(spec, "betas")
    return betas is not None and not all(0 <= beta < 1 for beta in betas)


def _etas(spec: Spec) -> bool:
    """Whether Rprop's factors do not shrink and grow."""
    etas = _numbers(spec, "etas")
    return optimizer(spec, "Rprop") and etas is not None and not 0 < etas[0] < 1 < etas[1]


def _negative_eps(spec: Spec) -> bool:
    """Whether one of Adafactor's two eps is negative."""
    eps = argument(spec, "eps")
    return (
        optimizer(spec, "Adafactor")
        and isinstance(eps, list)
        and any(isinstance(v, (int, float)) and v < 0 for v in eps)
    )


def _several_groups(spec: Spec) -> bool:
    """Whether the scheduler is given numbers for other groups than the one that lgen writes."""
    if spec.scheduler is None or spec.optimizer is None:
        return False
    given = (spec.scheduler.args.get(name) for name in _BY_GROUP)
    return any(isinstance(value, list) and len(value) != 1 for value in given)


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
    scheduler = spec.scheduler
    if scheduler is None or "args" not in classes("schedulers").get(scheduler.name or "", {}):
        return False
    length = length_argument(scheduler.name or "")
    unknown = max_epochs(spec) is None and spec.max_steps == -1
    return unknown and length is not None and length not in scheduler.args


TORCH_RULES: tuple[Rule, ...] = (
    Rule(
        "betas-range",
        ("optimizer.betas", "optimizer"),
        _betas,
        "each of betas is >= 0 and < 1",
        "set betas: [0.9, 0.999], or leave it out",
    ),
    Rule(
        "rprop-etas",
        ("optimizer.etas", "optimizer"),
        _etas,
        "the first of etas shrinks steps and the second lets them grow: 0 < first < 1 < second",
        "set etas: [0.5, 1.2], or leave it out",
    ),
    Rule(
        "adafactor-eps",
        ("optimizer.eps", "optimizer"),
        _negative_eps,
        "neither of Adafactor's eps is negative",
        "set eps: [null, 1e-3], or leave it out",
    ),
    Rule(
        "scheduler-groups",
        (*(f"scheduler.{name}" for name in _BY_GROUP), "scheduler", "optimizer"),
        _several_groups,
        "the optimizer has one group of parameters, and this list is for another number of them",
        "write one number, or configure_optimizers in the module",
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
