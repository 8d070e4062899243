"""Decides whether the script knows the steps of the whole run, and where it takes them from."""

from __future__ import annotations

from lgen.plan.loaders import length_known
from lgen.spec.options import Spec
from lgen.spec.parts import Scheduler
from lgen.spec.predicates import max_epochs, missing_length
from lgen.user_code.classes import UserData


def total_by_epochs(spec: Spec, data: UserData) -> bool:
    """Whether the steps of the whole run follow from its epochs."""
    return _counts_total(spec, data) and _by_epochs(spec, data)


def total_by_steps(spec: Spec, data: UserData) -> bool:
    """Whether the steps of the whole run are max_steps."""
    return _counts_total(spec, data) and not _by_epochs(spec, data)


def needs_max_steps(spec: Spec, data: UserData) -> bool:
    """Whether a length comes of max_steps, for which -1 is none."""
    lasts = missing_length(spec.scheduler) is not None and max_epochs(spec) is None
    return total_by_steps(spec, data) or lasts


def no_step_left(spec: Spec, data: UserData) -> str:
    """The condition under which max_steps ends the run."""
    return "step >= cfg.max_steps" if needs_max_steps(spec, data) else "0 < cfg.max_steps <= step"


def _by_epochs(spec: Spec, data: UserData) -> bool:
    """Whether the epochs of the run and the batches in one are known."""
    return length_known(spec, data) and max_epochs(spec) is not None


def _counts_total(spec: Spec, data: UserData) -> bool:
    """Whether a schedule or the bar takes the steps of the whole run."""
    schedulers = [spec.scheduler, *(block.scheduler for block in spec.optimizers.values())]
    if any(_takes_steps(scheduler) for scheduler in schedulers):
        return True
    known = _by_epochs(spec, data) or (max_epochs(spec) is None and spec.max_steps != -1)
    return spec.enable_progress_bar and known


def _takes_steps(scheduler: Scheduler | None) -> bool:
    """Whether the schedule takes the length of the run in steps."""
    if scheduler is None or scheduler.interval != "step":
        return False
    return missing_length(scheduler) is not None
