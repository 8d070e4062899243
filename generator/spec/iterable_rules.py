"""What data that comes as a stream, or from a loader of the user's, cannot give."""

from __future__ import annotations

from collections.abc import Iterator

from lgen.spec.options import Spec
from lgen.spec.predicates import missing_length
from lgen.spec.rule import CodeRule, Finding
from lgen.tables.torch_optim import arguments
from lgen.user_code.classes import STEP_OF_STAGE, UserData

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
    resumes = spec.checkpoint is not None and not spec.checkpoint.save_weights_only
    if spec.prefetch_to_device and resumes and train.has_state_dict:
        yield Finding(
            "prefetch-position",
            ("prefetch_to_device",),
            f"{train.method} saves its position, which prefetching moves one batch ahead; remove "
            "prefetch_to_device, or set checkpoint: false",
        )
    if train.iterable and spec.partial_window == "actual":
        yield Finding(
            "partial-window-length",
            ("partial_window",),
            f"{train.method} is iterable, so its last window is not known before it ends; remove "
            "partial_window",
        )
    if train.iterable and not isinstance(spec.limit_train_batches, int):
        yield from _unknown_length(spec, train.method)


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
        and (isinstance(spec.val_check_interval, int) or spec.check_val_every_n_epoch is None)
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
    # what the run's length in intervals can be taken from
    known = spec.max_steps != -1 if scheduler.interval == "step" else spec.max_epochs is not None
    if scheduler.interval == "epoch" and spec.max_steps == -1:
        known = True
    # batches between validations do not say how many there are
    uncounted = scheduler.interval == "validation" and (
        isinstance(spec.val_check_interval, int) or spec.check_val_every_n_epoch is None
    )
    if uncounted or not known:
        row = arguments("schedulers", scheduler.name or "")[length]
        kind = row.get("type", "").partition(" ")[0]
        given = f"{length}: {kind} in scheduler" if kind else ""
        limit = "max_steps" if scheduler.interval == "step" else "max_epochs"
        out = ", or ".join([limit] * (not uncounted) + [given] * bool(kind))
        yield Finding(
            "iterable-length",
            ("scheduler",),
            f"{method} is iterable, so the run's length is not known; set {out}",
        )
