"""Resumes a learning rate schedule, also in a run of another length."""

import warnings
from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer

from runtime.restore import restore

# what a schedule's length is called; the rest of its state is how far it has come
LENGTHS = ("T_max", "total_iters", "total_steps", "_schedule_phases", "_milestones")


def restore_schedule(checkpoint: Mapping[str, Any], scheduler: Any, optimizer: Optimizer) -> None:
    """Go on from the saved place in the schedule, with the length that this run has.

    The optimizer has been restored. Where the length has changed, the new schedule is followed
    from its start to the saved place: the rates are those of a run that always had this length.
    """
    saved = checkpoint.get("scheduler")
    if saved is None or lengths(saved) == lengths(scheduler.state_dict()):
        restore(checkpoint, scheduler=scheduler)
        return
    parts = getattr(scheduler, "_schedulers", [scheduler])
    for index, group in enumerate(optimizer.param_groups):
        # the restored optimizer may have started from another rate than this run's settings say
        base = parts[0].base_lrs[index]
        group["lr"] = scheduler.get_last_lr()[index] * (group["initial_lr"] / base if base else 1.0)
        for part in parts:
            part.base_lrs[index] = group["initial_lr"]
    steps = max(part.get("last_epoch", 0) for part in [saved, *saved.get("_schedulers", [])])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the optimizer made no step before the schedule
        for _ in range(steps):
            scheduler.step()


def lengths(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what says how long a schedule is, and each of its parts."""
    own = {name: state[name] for name in LENGTHS if name in state}
    return [own, *(length for part in state.get("_schedulers", []) for length in lengths(part))]
