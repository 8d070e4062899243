"""Settings of one group of parameters that were changed for a resumed run."""

from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer


def override_group(
    optimizer: Optimizer,
    number: int,
    settings: Mapping[str, Any],
    saved: Mapping[str, Any],
    scheduler: Any,
) -> None:
    """Give the group of this number in the restored optimizer what differs from the saved settings.

    The learning rates are scaled by new over old, those that a scheduler starts from and is bound
    by too, so that it goes on from where it was.
    """
    group = optimizer.param_groups[number]
    for name, value in settings.items():
        if value == saved.get(name, value):
            continue
        if name != "lr" or scheduler is None and saved["lr"] == 0:
            group[name] = value
            if "initial_lr" in group and name == "lr":
                group["initial_lr"] = value
            if name in ("capturable", "fused") and value:
                # loaded again, the counts of steps move to the parameters' device
                optimizer.load_state_dict(optimizer.state_dict())
                group = optimizer.param_groups[number]
            continue
        if saved["lr"] == 0:
            raise SystemExit(
                f"lr: the checkpoint had 0, from which no schedule can go on with {value}; start "
                "a new run from the checkpoint's weights"
            )
        ratio = value / saved["lr"]
        for rate in ("lr", "initial_lr", "max_lr", "min_lr"):
            if rate in group:
                group[rate] *= ratio
        for part in [scheduler, *getattr(scheduler, "_schedulers", [])]:
            if hasattr(part, "base_lrs"):
                part.base_lrs[number] *= ratio
