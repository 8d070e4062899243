"""Resumes the learning rate of a backbone that is trained from some epoch on."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from runtime.freeze import set_last_rate
from runtime.restore_schedule import restore_schedule


def restore_backbone(
    checkpoint: Mapping[str, Any],
    optimizer: Optimizer,
    next_rate: Callable[[float | None], float],
    settings: Mapping[str, Any],
    scheduler: Any = None,
) -> float | None:
    """Return the backbone's rate in the checkpoint's epoch, None while it is frozen.

    Restores the schedule too. The optimizer has been restored, with the first group's settings of
    this run. Where one of the settings has changed, or the length of the schedule, all epochs that
    trained the backbone are gone through again: the rates are those of a run that always had them.
    `next_rate` makes of the rate in an epoch that in the next one. Ends the program where a setting
    can no more be followed.
    """
    config = checkpoint["config"]
    changed = [name for name, value in settings.items() if config.get(name, value) != value]
    rate: float | None = checkpoint.get("backbone_lr")
    if rate is not None and "unfreeze_backbone_at_epoch" in changed:
        raise SystemExit(
            "unfreeze_backbone_at_epoch: the checkpoint had "
            f"{config['unfreeze_backbone_at_epoch']}, and the backbone has been trained since; "
            "start a new run from the checkpoint's weights"
        )
    starts = Counter(checkpoint["backbone_starts"] if rate is not None else [])
    again: float | None = None

    def begin_epochs(steps: int) -> None:
        """Begin the epochs of the backbone that began after so many steps of the schedule."""
        nonlocal again
        for _ in range(starts[steps]):
            again = next_rate(again)
            set_last_rate(optimizer, again, scheduler)

    if scheduler is not None:
        restore_schedule(checkpoint, scheduler, optimizer, settings, after_step=begin_epochs)
    elif changed:
        for steps in sorted(starts):
            begin_epochs(steps)
    if isinstance(scheduler, ReduceLROnPlateau) and rate is not None:
        return scaled(rate, changed, config, settings)
    return rate if again is None else again


def scaled(
    rate: float, changed: list[str], config: Mapping[str, Any], settings: Mapping[str, Any]
) -> float:
    """Return the rate as the others' have changed: what a metric has set is not computed anew."""
    # a first rate that is a number does not follow lr
    fixed = "backbone_initial_lr" in settings or config.get("lr") == 0
    for name in changed:
        if name.startswith("backbone_") or name == "lr" and fixed:
            raise SystemExit(
                f"{name}: the checkpoint had {config[name]}, and where a metric sets the rates, "
                "the backbone's keeps what it began with; start a new run from the checkpoint's "
                "weights"
            )
    return float(rate * settings["lr"] / config["lr"]) if "lr" in changed else rate
