"""Settings of groups of parameters that were changed for a resumed run."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn
from torch.optim import Optimizer

from runtime.override_group import override_group

GroupSettings = list[dict[str, Any]]


def group_settings(model: nn.Module, optimizer: Optimizer) -> GroupSettings:
    """Return the settings of each group, and under "params" the names of its parameters."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    return [{**g, "params": [names[p] for p in g["params"]]} for g in optimizer.param_groups]


def check_groups(checkpoint: Mapping[str, Any], settings: GroupSettings) -> None:
    """End the program unless each parameter is in the group that it was in."""
    if "group_settings" not in checkpoint:
        raise SystemExit(
            "the checkpoint holds no settings of groups: its script had another optimizer; start a "
            "new run from its weights"
        )
    old, new = places(checkpoint["group_settings"]), places(settings)
    for name in old | new:
        if old.get(name) != new.get(name):
            raise SystemExit(
                f"the parameter {name} has moved to another group of the optimizer; a resumed run "
                "keeps its groups"
            )


def places(settings: GroupSettings) -> dict[str, tuple[int, int]]:
    """Return by name the group of each parameter and its place there."""
    return {
        name: (number, place)
        for number, group in enumerate(settings)
        for place, name in enumerate(group["params"])
    }


def override_groups(
    optimizer: Optimizer,
    settings: GroupSettings,
    saved: Sequence[Mapping[str, Any]],
    scheduler: Any = None,
) -> None:
    """Give each group of the restored optimizer the settings that differ from its saved ones."""
    for number, (now, before) in enumerate(zip(settings, saved, strict=True)):
        own = {name: value for name, value in now.items() if name != "params"}
        override_group(optimizer, number, own, before, scheduler)
