"""Decides on optimizer steps of several batches, as many in every epoch or by a schedule."""

from __future__ import annotations

from lgen.plan.decisions import Code, Decisions, arguments
from lgen.plan.devices import is_distributed
from lgen.spec.options import Spec
from lgen.spec.predicates import accumulates, accumulation_schedule


def accumulation(spec: Spec) -> Decisions:
    """How many batches make a step, and what of it is checked when a run goes on."""
    schedule = accumulation_schedule(spec)
    per_batch = "cfg.batch_size * world_size" if is_distributed(spec) else "cfg.batch_size"
    sizes = {"batch_size": "cfg.batch_size"}
    if is_distributed(spec):
        sizes["world_size"] = "world_size"
    if accumulates(spec) and not schedule:
        sizes["accumulate_grad_batches"] = "cfg.accumulate_grad_batches"
    if schedule:
        sizes["scheduled_batches"] = accumulated(spec, "epoch")
    setting = "accumulation_schedule" if schedule else "accumulate_grad_batches"
    per_epoch = "steps_per_epoch" if accumulates(spec) else "num_batches"
    total, left = f"cfg.max_epochs * {per_epoch}", f"(cfg.max_epochs - epoch) * {per_epoch}"
    if schedule:
        steps = "steps_of_epochs(cfg.accumulation_schedule, num_batches, {})"
        total = steps.format("cfg.max_epochs")
        left = f"{total} - {steps.format('epoch')}"
    return Decisions(
        flags={
            "accumulate": accumulates(spec),
            "accumulate_evenly": accumulates(spec) and not schedule,
            "accumulate_by_epoch": bool(schedule),
            "actual_window": accumulates(spec) and spec.partial_window == "actual",
        },
        names={
            "SHARDED": "FSDPModule" if accumulates(spec) else "None",  # what syncs on demand
            "ACCUMULATED": accumulated(spec),
            "GLOBAL_BATCH": " * ".join([per_batch, *_factor(spec, "next_epoch")]),
            "LAST_GLOBAL_BATCH": " * ".join([per_batch, *_factor(spec, "epoch")]),
            "EPOCHS_STEPS": total,
            "LEFT_STEPS": left,
        },
        values={
            "accumulate_grad_batches": spec.accumulate_grad_batches,
            "accumulation_schedule": schedule,
            "window_setting": setting,
            # a script without it has windows of one batch
            "saved_window": Code(f'{{"{setting}": 1, **checkpoint["config"]}}'),
            "global_batch_arguments": arguments('checkpoint["global_batch"]', **sizes),
        },
    )


def accumulated(spec: Spec, epoch: str = "") -> str:
    """The number of batches in a step of the loop's epoch, or of another one."""
    if not accumulation_schedule(spec):
        return "cfg.accumulate_grad_batches"
    if not epoch:
        return "accumulate_grad_batches"
    return f"batches_in_step(cfg.accumulation_schedule, {epoch})"


def _factor(spec: Spec, epoch: str) -> list[str]:
    return [accumulated(spec, epoch)] if accumulates(spec) else []
