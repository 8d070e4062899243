"""Settings of an optimizer that were changed for a resumed run."""

from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer

from runtime.override_group import override_group


def override_settings(
    optimizer: Optimizer,
    settings: Mapping[str, Any],
    saved: Mapping[str, Any],
    scheduler: Any = None,
    prefix: str = "",
) -> None:
    """Give every group of the restored optimizer each setting that differs from the saved one.

    The names of the saved settings begin with the prefix.
    """
    saved = {name: saved[prefix + name] for name in settings if prefix + name in saved}
    for number in range(len(optimizer.param_groups)):
        override_group(optimizer, number, settings, saved, scheduler)
