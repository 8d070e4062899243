"""Decides when training ends: its limits, its time and early stopping."""

from __future__ import annotations

from lgen.plan.decisions import Decisions
from lgen.plan.length import validates_within_epoch
from lgen.plan.loaders import runs_stage
from lgen.spec.options import Spec
from lgen.spec.predicates import max_epochs
from lgen.user_code.classes import UserClass, UserData


def stopping(spec: Spec, module: UserClass, data: UserData) -> Decisions:
    """Early stopping, and the conditions under which the loops are left."""
    early = spec.early_stopping
    validation = runs_stage(spec, module, data, "val")
    within = early is not None and (
        validation and validates_within_epoch(spec) or spec.min_steps is not None
    )
    sized = not data.sources["train"].iterable
    timed = spec.max_time is not None
    stopped = "0 <= cfg.max_steps <= step"
    if within or timed:
        stopped += " or " + _may_stop(spec, "epoch")
    unsaved = "batch_idx < num_batches" if sized else f"({stopped})"
    given = spec.checkpoint
    if (
        given is not None
        and (given.every_n_train_steps is not None or given.train_time_interval is not None)
        or validation
        and validates_within_epoch(spec)
    ):
        # an interval may have fallen on the same step
        unsaved += " and checkpoints.step < step"
    return Decisions(
        flags={
            "early_stopping": early is not None,
            "may_stop": early is not None or timed,
            "may_stop_within": within or timed,
            "timed": timed,
            "early_check_finite_off": early is not None and not early.check_finite,
            "stopping_threshold_set": early is not None and early.stopping_threshold is not None,
            "divergence_threshold_set": early is not None
            and early.divergence_threshold is not None,
        },
        names={
            "MAY_STOP": _may_stop(spec, "epoch + 1"),
            "MAY_STOP_WITHIN": _may_stop(spec, "epoch"),
            "STOP_DUE": stopped,
            "STOPPED": "batch_idx < num_batches" if sized else "stopped",
            "STOP_UNSAVED": unsaved,
        },
        values={
            "max_time": spec.max_time or 0.0,
            "early_monitor": early.monitor if early else "",
            "early_mode": early.mode if early else "",
            "patience": early.patience if early else 0,
            "min_delta": early.min_delta if early else 0.0,
            "stopping_threshold": early.stopping_threshold if early else None,
            "divergence_threshold": early.divergence_threshold if early else None,
        },
    )


def _may_stop(spec: Spec, epochs: str) -> str:
    """The condition under which early stopping or the time ends the run after so many epochs."""
    requests = ["early_stopping.should_stop"] if spec.early_stopping is not None else []
    if spec.max_time is not None:
        requests.append("time_is_up")
    requested = " or ".join(requests)
    waits = spec.min_steps is not None or spec.min_epochs is not None
    conditions = [f"({requested})" if waits and len(requests) > 1 else requested]
    if spec.min_steps is not None:
        conditions.append("step >= cfg.min_steps")
    if spec.min_epochs is not None:
        conditions.append(f"{epochs} >= cfg.min_epochs")
    return conditions[0] if len(conditions) == 1 else f"({' and '.join(conditions)})"


def epochs_done(spec: Spec, data: UserData) -> str:
    """The condition under which a resumed run has nothing left to do."""
    ended = ["0 <= cfg.max_steps <= step"]
    if spec.early_stopping is not None or spec.max_time is not None:
        ended.append(_may_stop(spec, "epoch"))
    done = " or ".join(ended)
    if data.sources["train"].iterable:
        return done if max_epochs(spec) is None else f"epoch >= cfg.max_epochs or {done}"
    done = f"batch_idx < num_batches and {done if len(ended) == 1 else f'({done})'}"
    return done if max_epochs(spec) is None else f"epoch >= cfg.max_epochs or ({done})"
