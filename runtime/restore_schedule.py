"""Resumes a learning rate schedule, also in a run of another length."""

from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer

from runtime.restore import restore

# what a schedule's length is called; the rest of its state is how far it has come
LENGTHS = ("T_max", "total_iters", "total_steps", "_schedule_phases", "_milestones")


def restore_schedule(checkpoint: Mapping[str, Any], scheduler: Any, optimizer: Optimizer) -> None:
    """Go on from the saved place in the schedule, with the length that this run has.

    Where the length has changed, the learning rate is set to where the new schedule has it now.
    """
    parts = [scheduler, *getattr(scheduler, "_schedulers", [])]
    lengths = [{name: vars(part)[name] for name in LENGTHS if name in vars(part)} for part in parts]
    restore(checkpoint, scheduler=scheduler)
    for part, length in zip(parts, lengths, strict=True):
        if all(vars(part)[name] == value for name, value in length.items()):
            continue
        vars(part).update(length)
        if part is parts[-1] and hasattr(part, "_get_closed_form_lr"):
            for group, rate in zip(optimizer.param_groups, part._get_closed_form_lr(), strict=True):
                group["lr"] = rate
