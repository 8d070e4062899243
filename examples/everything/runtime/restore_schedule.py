"""Resumes a learning rate schedule, also in a run of another length."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CyclicLR, OneCycleLR, ReduceLROnPlateau

from runtime.restore import restore

PLATEAU = ("factor", "min_lrs", "patience", "threshold", "cooldown", "eps", "threshold_mode")
# what a schedule's length is called; the rest of its state is how far it has come
LENGTHS = ("T_max", "total_iters", "total_steps", "_schedule_phases", "_milestones")


def restore_schedule(
    checkpoint: Mapping[str, Any],
    scheduler: Any,
    optimizer: Optimizer,
    settings: Mapping[str, Any] | None = None,
    name: str = "scheduler",
    after_step: Callable[[int], None] | None = None,
) -> None:
    """Go on from the saved place in the schedule, with the settings that this run has.

    `name` is that of the state in the checkpoint. The optimizer has been restored. Where the length
    or one of the settings has changed, the new schedule is followed from its start to the saved
    place: the rates are those of a run that always had them, and `after_step` is called with the
    number of steps, from 0 on. What follows a metric goes on from its rate with the new settings.
    """
    saved = checkpoint.get(name)
    # 1 where a script has no such setting
    own_settings = {"scheduler_frequency": 1, **(settings or {})}
    config = {"scheduler_frequency": 1, **checkpoint.get("config", {})}
    changed = [n for n, value in own_settings.items() if config.get(n, value) != value]
    if saved is None or not changed and lengths(saved) == lengths(scheduler.state_dict()):
        restore(checkpoint, **{name: scheduler})
        return
    if isinstance(scheduler, ReduceLROnPlateau):
        own = {name: scheduler.state_dict()[name] for name in PLATEAU}
        restore(checkpoint, **{name: scheduler})
        scheduler.__dict__.update(own)
        return
    if isinstance(scheduler, (OneCycleLR, CyclicLR)):
        kept = changed  # its bounds lie in the optimizer's state too
    else:
        # the steps of the schedule that are saved are those of the old frequency
        kept = [n for n in changed if n == "scheduler_frequency"]
    if kept:
        raise SystemExit(
            f"{kept[0]}: the checkpoint had {config[kept[0]]}, and this schedule keeps what "
            "it began with; start a new run from the checkpoint's weights"
        )
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
        for step in range(steps + 1):
            if step > 0:
                scheduler.step()
            if after_step is not None:
                after_step(step)


def lengths(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what says how long a schedule is, and each of its parts."""
    own = {name: state[name] for name in LENGTHS if name in state}
    return [own, *(length for part in state.get("_schedulers", []) for length in lengths(part))]
