"""What data that comes as a stream, or from a loader of the user's, cannot give."""

from __future__ import annotations

from collections.abc import Iterator

from lgen.spec.options import Spec
from lgen.spec.parts import Scheduler
from lgen.spec.predicates import max_epochs, missing_length, saves_state, validates_within_epoch
from lgen.spec.rule import CodeRule, Finding
from lgen.tables.torch_optim import arguments
from lgen.user_code.classes import STEP_OF_STAGE, DataSource, UserData

ITERABLE_RULES = (
    CodeRule("last-validation", ("scheduler.interval",), "an epoch's last validation is known"),
    CodeRule(
        "iterable-limits",
        (
            *(f"limit_{stage}_batches" for stage in STEP_OF_STAGE),
            "overfit_batches",
            "val_check_interval",
        ),
        "iterable data has no share of batches",
    ),
    CodeRule(
        "partial-window-length", ("partial_window",), "a window that is short is known beforehand"
    ),
    CodeRule(
        "overfit-loader", ("overfit_batches",), "the script orders the samples of overfit_batches"
    ),
    CodeRule(
        "prefetch-position", ("prefetch_to_device",), "a state of the data is of what has been used"
    ),
    CodeRule(
        "repeated-validations",
        ("scheduler.interval",),
        "an epoch that starts again repeats the validations within it",
    ),
    CodeRule("iterable-length", ("scheduler",), "a schedule's length needs a length of the run"),
)


def iterable_findings(spec: Spec, data: UserData) -> Iterator[Finding]:
    """What is asked of the data that its kind does not have."""
    limits = {f"limit_{stage}_batches": stage for stage in data.sources}
    for option, stage in [
        *limits.items(),
        ("overfit_batches", "train"),
        ("overfit_batches", "val"),
    ]:
        source, limit = data.sources.get(stage), getattr(spec, option)
        if source is None or not isinstance(limit, float) or limit in (0.0, 1.0):
            continue
        if source.iterable:
            yield Finding(
                "iterable-limits",
                (option,),
                f"{source.method} is iterable and has no length to take a share of; "
                "write a number of batches",
            )
    train = data.sources["train"]
    if train.kind == "loader" and spec.overfit_batches:
        yield Finding(
            "overfit-loader",
            ("overfit_batches",),
            f"{train.method} is your own loader, which may shuffle; write train_dataset, or set "
            "limit_train_batches and limit_val_batches",
        )
    if train.iterable and spec.partial_window == "actual":
        yield Finding(
            "partial-window-length",
            ("partial_window",),
            f"{train.method} is iterable, so its last window is not known before it ends; remove "
            "partial_window",
        )
    unknown = train.iterable and not isinstance(spec.limit_train_batches, int)
    if unknown:
        yield from _unknown_length(spec, train.method)
    if saves_state(spec):
        yield from _resumed(spec, train, unknown)


def _resumed(spec: Spec, train: DataSource, unknown: bool) -> Iterator[Finding]:
    """What a run that is resumed needs of the data that is gone on with."""
    given = train.kind == "loader" or train.iterable
    if spec.prefetch_to_device and given and train.has_state_dict:
        yield Finding(
            "prefetch-position",
            ("prefetch_to_device",),
            f"{train.method} saves its position, which prefetching moves one batch ahead; remove "
            "prefetch_to_device, or set checkpoint: false",
        )
    scheduler = spec.scheduler
    if (
        given
        and not train.has_state_dict
        and not unknown
        and scheduler is not None
        and scheduler.interval == "validation"
        and missing_length(scheduler) is not None
        and validates_within_epoch(spec)
    ):
        ways = " or ".join(["interval: step", *_given(scheduler)])
        yield Finding(
            "repeated-validations",
            ("scheduler",),
            f"{train.method} has no state, so a resumed epoch starts again, with more validations "
            f"than the schedule's length; set {ways} in scheduler",
        )


def _given(scheduler: Scheduler) -> list[str]:
    """The length of a schedule as the spec can give it, none where it cannot."""
    length = missing_length(scheduler)
    if length is None:
        return []
    kind = arguments("schedulers", scheduler.name or "")[length].get("type", "").partition(" ")[0]
    return [f"{length}: {kind}"] if kind else []


def _unknown_length(spec: Spec, method: str) -> Iterator[Finding]:
    """The number of batches in an epoch is not known before they are read."""
    if isinstance(spec.val_check_interval, float) and spec.val_check_interval != 1.0:
        yield Finding(
            "iterable-limits",
            ("val_check_interval",),
            f"{method} is iterable and has no length to take a share of; "
            "write a number of batches",
        )
    scheduler = spec.scheduler
    if (
        scheduler is not None
        and scheduler.name == "ReduceLROnPlateau"
        and scheduler.interval == "epoch"
        and validates_within_epoch(spec)
    ):
        yield Finding(
            "last-validation",
            ("scheduler",),
            f"{method} is iterable, so an epoch's last validation is not known; "
            "set interval: validation in scheduler",
        )
    length = missing_length(scheduler)
    if scheduler is None or length is None:
        return
    by_step, by_validation = scheduler.interval == "step", scheduler.interval == "validation"
    # batches between validations do not say how many there are
    uncounted = by_validation and validates_within_epoch(spec)
    given = [f"{length} in scheduler" for length in _given(scheduler)]
    if not by_step and not uncounted and max_epochs(spec) is not None and spec.max_steps != -1:
        out = ", or ".join(["remove max_steps", *(f"set {length}" for length in given)])
        yield Finding(
            "iterable-length",
            ("scheduler",),
            f"{method} is iterable, so whether max_epochs or max_steps ends the run is not known; "
            f"{out}",
        )
    elif uncounted or (spec.max_steps == -1 if by_step else max_epochs(spec) is None):
        limit = [] if uncounted else ["max_steps" if by_step else "max_epochs"]
        yield Finding(
            "iterable-length",
            ("scheduler",),
            f"{method} is iterable, so the run's length is not known; set "
            + ", or ".join([*limit, *given] or ["interval: step in scheduler, and max_steps"]),
        )
