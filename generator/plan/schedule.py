"""Decides on the optimizer, the scheduler and when it steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgen.plan.decisions import Code, Decisions, arguments
from lgen.plan.fields import warms_up
from lgen.plan.length import validation_interval
from lgen.plan.loaders import length_known, runs_stage
from lgen.plan.total_steps import needs_max_steps, total_by_epochs, total_by_steps
from lgen.spec.options import Spec
from lgen.spec.predicates import (
    accumulates,
    accumulation_schedule,
    decays_at_the_end,
    max_epochs,
    missing_length,
    sets_rates,
    validates_within_epoch,
)
from lgen.tables.torch_optim import arguments as table_arguments
from lgen.user_code.classes import UserClass, UserData

PLATEAU = "ReduceLROnPlateau"


def optimizer_args(spec: Spec) -> dict[str, Any]:
    """The optimizer's arguments, lr among them unless the scheduler sets the rates."""
    if spec.optimizer is None:
        return {}
    if sets_rates(spec):
        return spec.optimizer.args
    rate = table_arguments("optimizers", spec.optimizer.name).get("lr", {})
    return (
        {"lr": rate["default"], **spec.optimizer.args} if "default" in rate else spec.optimizer.args
    )


def scheduler_args(spec: Spec) -> Mapping[str, Any]:
    """The scheduler's arguments as given."""
    return spec.scheduler.args if spec.scheduler else {}


def schedule(spec: Spec, module: UserClass, data: UserData, given: Code) -> Decisions:
    """The scheduler's construction and its place in the loop.

    `given` are the arguments of the spec as Python text.
    """
    scheduler = spec.scheduler
    configured = module.configures is not None
    returned = module.configures == "optimizer and scheduler"
    name = scheduler.name if scheduler and scheduler.name else ""
    exists = bool(name) or returned
    plateau = name == PLATEAU
    interval = scheduler.interval if scheduler else "epoch"
    length = missing_length(scheduler)
    needs_length = length is not None
    warmup = warms_up(spec)
    wsd = decays_at_the_end(spec)
    decay_steps = scheduler.decay_steps if scheduler else 1
    monitor = scheduler.monitor if scheduler and scheduler.monitor else ""
    frequency = scheduler.frequency if scheduler else 1
    total = run_length(spec, interval, frequency)
    if warmup:
        total = f"max(1, {total} - cfg.warmup_steps)"
    texts = {length: total} if length else {}
    known = length_known(spec, data)
    within = runs_stage(spec, module, data, "val") and validates_within_epoch(spec)
    plateau_within = plateau and interval == "epoch" and within
    at_validation = exists and (plateau or interval == "validation")
    counts = at_validation and interval == "validation" and frequency > 1
    due = []
    if plateau_within:
        due.append(_last_validation(spec))
    if frequency > 1:
        due.append(f"{'validations' if counts else '(epoch + 1)'} % cfg.scheduler_frequency == 0")
    by_epochs = total_by_epochs(spec, data)
    stepped = exists and not plateau
    # an optimizer of the module's own may have some of the parameters only
    picks = configured and (
        spec.gradient_clip_val is not None
        or spec.track_grad_norm is not None
        or (
            spec.on_nonfinite == "skip"
            and spec.precision != "16-mixed"
            and not spec.print_nan_grads
        )
    )
    parameters = "parameters" if picks else "model.parameters()"
    return Decisions(
        flags={
            "optimizer_from_spec": spec.optimizer is not None,
            "configured_optimizer": configured and not returned,
            "configured_both": returned,
            "picks_parameters": picks,
            "scheduler": exists,
            "scheduler_from_spec": bool(name) and not warmup and not wsd,
            "warmup": warmup,
            "wsd": wsd,
            "decay_cosine": scheduler is not None and scheduler.decay_shape == "cosine",
            "scheduler_step": stepped and interval == "step",
            "scheduler_epoch": stepped and interval == "epoch",
            "scheduler_validation": stepped and interval == "validation",
            "scheduler_frequency_set": exists and frequency > 1,
            "plateau": plateau,
            "plateau_within_epoch": plateau_within,
            "scheduler_waits": at_validation and bool(due),
            "counts_validations": counts,
            "total_by_epochs": by_epochs,
            "total_by_steps": total_by_steps(spec, data),
            "needs_max_steps": needs_max_steps(spec, data),
            "counts_steps_per_epoch": accumulates(spec)
            and not accumulation_schedule(spec)
            and known
            and (
                by_epochs
                if max_epochs(spec) is not None
                else needs_length and interval != "step" and not _counted(spec, interval)
            ),
        },
        names={
            "PARAMETERS": parameters,
            # what names them has found them
            "GRADIENTS_ARE_FINITE": (
                "not bad" if spec.print_nan_grads else f"has_finite_gradients({parameters})"
            ),
            "SCHEDULER": f"lr_scheduler.{name}",
            "SCHEDULER_DUE": " and ".join(due),
            "DECAY_TYPE": type(decay_steps).__name__,
            "DECAY_STEPS": (
                "int(total_steps * cfg.decay_steps)"
                if isinstance(decay_steps, float)
                else "cfg.decay_steps"
            ),
            "STABLE_FROM": "cfg.warmup_steps" if warmup else "0",
        },
        values={
            "plateau_monitor": monitor,
            "scheduler_frequency": frequency,
            "frequency_meaning": f"{interval}s between steps of the scheduler",
            "warmup_steps": scheduler.warmup_steps if scheduler else 0,
            "warmup_meaning": (
                "scheduler steps of linear warmup" if frequency > 1 else "steps of linear warmup"
            ),
            "decay_steps": decay_steps,
            "decay_meaning": (
                "share of the steps, the last ones, in which the rate decays to zero"
                if isinstance(decay_steps, float)
                else "last steps, in which the rate decays to zero"
            ),
            "scheduler_call": Code(
                arguments("optimizer", **texts) + (f", {given}" if given else "")
            ),
        },
    )


def _last_validation(spec: Spec) -> str:
    """The condition that the epoch has no further validation."""
    if spec.check_val_every_n_epoch is None:
        done, end = "(batches_done + batch_idx)", "batches_done + num_batches"
    else:
        done, end = "batch_idx", "num_batches"
    return f"({done} // {validation_interval(spec)} + 1) * {validation_interval(spec)} > {end}"


def run_length(spec: Spec, interval: str, frequency: int) -> str:
    """How many rates of the scheduler a run of the spec's length trains with.

    Where the spec gives no max_steps, those of the command line stop a schedule by epochs midway.
    """
    if interval == "step":
        total = "total_steps"
    elif _counted(spec, interval):
        total = f"rates_of_run({_counting(spec, interval)})"
    else:
        total = "cfg.max_epochs"
        if max_epochs(spec) is None:
            per_epoch = "steps_per_epoch" if accumulates(spec) else "num_batches"
            total = f"math.ceil(cfg.max_steps / {per_epoch})"
        if interval == "validation" and (spec.check_val_every_n_epoch or 1) > 1:
            total = f"math.ceil({total} / cfg.check_val_every_n_epoch)"
    return total if frequency == 1 else f"math.ceil({total} / cfg.scheduler_frequency)"


def _counted(spec: Spec, interval: str) -> bool:
    """Whether the rates do not follow from the number of epochs alone."""
    if interval == "validation" and validates_within_epoch(spec):
        return True
    if max_epochs(spec) is None:
        return bool(accumulation_schedule(spec))
    return spec.max_steps != -1


def _counting(spec: Spec, interval: str) -> str:
    """The arguments by which rates are counted."""
    within = interval == "validation" and validates_within_epoch(spec)
    keywords = {
        "max_epochs": "None" if max_epochs(spec) is None else "cfg.max_epochs",
        "max_steps": "cfg.max_steps",
    }
    if within:
        keywords["interval"] = validation_interval(spec)
    if accumulation_schedule(spec):
        keywords["window"] = "partial(batches_in_step, cfg.accumulation_schedule)"
    elif accumulates(spec):
        keywords["window"] = "cfg.accumulate_grad_batches"
    every = spec.check_val_every_n_epoch
    if within and every is None:
        keywords["every_n_epochs"] = "None"
    elif interval == "validation" and every is not None and every > 1:
        keywords["every_n_epochs"] = "cfg.check_val_every_n_epoch"
    return arguments("num_batches", **keywords)
