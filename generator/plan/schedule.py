"""Decides on the optimizer, the scheduler and when it steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgen.plan.decisions import Code, Decisions, arguments
from lgen.plan.fields import warms_up
from lgen.plan.loaders import runs_stage
from lgen.plan.loop import max_epochs, validates_within_epoch
from lgen.spec.options import Spec
from lgen.tables.torch_optim import arguments as table_arguments
from lgen.tables.torch_optim import length_argument
from lgen.user_code.classes import UserClass, UserData

PLATEAU = "ReduceLROnPlateau"


def optimizer_args(spec: Spec) -> dict[str, Any]:
    """The optimizer's arguments, lr always among them."""
    if spec.optimizer is None:
        return {}
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
    length = length_argument(name) if name else None
    needs_length = length is not None and scheduler is not None and length not in scheduler.args
    warmup = warms_up(spec)
    monitor = scheduler.monitor if scheduler and scheduler.monitor else ""
    on_training = plateau and monitor.startswith("train_")
    frequency = scheduler.frequency if scheduler else 1
    total = _length(spec, interval, frequency)
    if warmup:
        total = f"{total} - cfg.warmup_steps"
    texts = {length: total} if needs_length and length else {}
    sized = not data.sources["train"].iterable
    stepped = exists and not plateau
    return Decisions(
        flags={
            "optimizer_from_spec": spec.optimizer is not None,
            "configured_optimizer": configured and not returned,
            "configured_both": returned,
            "scheduler": exists,
            "scheduler_from_spec": bool(name) and not warmup,
            "warmup": warmup,
            "warmup_only": False,
            "scheduler_step": stepped and interval == "step",
            "scheduler_epoch": stepped and interval == "epoch",
            "scheduler_validation": stepped and interval == "validation",
            "scheduler_frequency_set": exists and frequency > 1,
            "plateau_on_training": on_training,
            "plateau_on_validation": plateau and not on_training,
            "counts_total_steps": (sized or max_epochs(spec) is None)
            and (spec.enable_progress_bar or (needs_length and interval == "step")),
            "counts_steps_per_epoch": sized
            and spec.accumulate_grad_batches > 1
            and (spec.enable_progress_bar or needs_length),
            "val_at_epoch_end_checked": runs_stage(spec, module, data, "val")
            and not validates_within_epoch(spec),
        },
        names={
            "OPTIMIZER": f"torch.optim.{spec.optimizer.name}" if spec.optimizer else "",
            "SCHEDULER": f"lr_scheduler.{name}",
        },
        values={
            "plateau_monitor": monitor,
            "scheduler_frequency": frequency,
            "frequency_meaning": f"{interval}s between steps of the scheduler",
            "warmup_steps": scheduler.warmup_steps if scheduler else 0,
            "scheduler_call": Code(
                arguments("optimizer", **texts) + (f", {given}" if given else "")
            ),
        },
    )


def _length(spec: Spec, interval: str, frequency: int) -> str:
    """The run's length in steps of the scheduler."""
    if interval == "step":
        total = "total_steps"
    elif max_epochs(spec) is not None:
        total = "cfg.max_epochs"
    else:
        per_epoch = "steps_per_epoch" if spec.accumulate_grad_batches > 1 else "num_batches"
        total = f"math.ceil(cfg.max_steps / {per_epoch})"
    return f"{total} // cfg.scheduler_frequency" if frequency > 1 else total
