"""Decides when training ends: its limits, its time and early stopping."""

from __future__ import annotations

from lgen.plan.decisions import Decisions, arguments
from lgen.plan.devices import is_distributed
from lgen.plan.loaders import runs_stage, starts_again
from lgen.plan.total_steps import no_step_left
from lgen.spec.options import Spec
from lgen.spec.predicates import max_epochs, validates_within_epoch
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
    stopped = is_over(spec, data, "epoch") if within or timed else no_step_left(spec, data)
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
            "timed": timed,
            "stop_is_named": _is_named(spec),
            "early_check_finite_off": early is not None and not early.check_finite,
            "stopping_threshold_set": early is not None and early.stopping_threshold is not None,
            "divergence_threshold_set": early is not None
            and early.divergence_threshold is not None,
        },
        names={
            "IS_OVER": _is_over(spec, data, "epochs"),
            "STOP_DUE": stopped,
            "STOP_DUE_NEXT": is_over(spec, data, "epoch + 1"),
            "STOPPED": "batch_idx < num_batches" if sized else "stopped",
            "STOP_UNSAVED": unsaved,
        },
        values={
            "stops": arguments("early_stopping" if early else "", "timer" if timed else ""),
            "max_time": spec.max_time or 0.0,
            "early_monitor": early.monitor if early else "",
            "early_mode": early.mode if early else "",
            "patience": early.patience if early else 0,
            "min_delta": early.min_delta if early else 0.0,
            "stopping_threshold": early.stopping_threshold if early else None,
            "divergence_threshold": early.divergence_threshold if early else None,
        },
    )


def is_over(spec: Spec, data: UserData, epochs: str) -> str:
    """The condition under which training ends at a step, after so many epochs."""
    return f"is_over({epochs})" if _is_named(spec) else _is_over(spec, data, epochs)


def _is_named(spec: Spec) -> bool:
    """Whether the condition is so long that the script gives it a name."""
    return spec.min_epochs is not None and bool(_requests(spec))


def _requests(spec: Spec) -> list[str]:
    """What asks for an end before the limits."""
    requests = ["early_stopping.should_stop"] if spec.early_stopping is not None else []
    return [*requests, "timer.should_stop"] if spec.max_time is not None else requests


def _is_over(spec: Spec, data: UserData, epochs: str) -> str:
    """The whole condition."""
    requests = _requests(spec)
    minima = ["step >= cfg.min_steps"] if spec.min_steps is not None else []
    if spec.min_epochs is not None:
        minima.append(f"{epochs} >= cfg.min_epochs")
    if requests and minima:
        asked = f"({' or '.join(requests)})" if len(requests) > 1 else requests[0]
        requests = [f"({' and '.join([asked, *minima])})"]
    return " or ".join([no_step_left(spec, data), *requests])


def epochs_done(spec: Spec, data: UserData) -> str:
    """The condition under which a resumed run has nothing left to do."""
    done = is_over(spec, data, "epoch")
    train = data.sources["train"]
    if starts_again(train):
        return done if max_epochs(spec) is None else f"epoch >= cfg.max_epochs or {done}"
    done = f"({done})" if " or " in done else done
    if train.iterable:
        more = "has_more(train_batches, batch_idx)"
        done += f" and {f'not all_ranks(not {more})' if is_distributed(spec) else more}"
    else:
        done = f"batch_idx < num_batches and {done}"
    return done if max_epochs(spec) is None else f"epoch >= cfg.max_epochs or ({done})"
