"""Settings that a window of batches was begun with."""

from collections.abc import Mapping
from typing import Any


def check_unchanged(saved: Mapping[str, Any], settings: Mapping[str, Any], *names: str) -> None:
    """End the program where one of these settings is not the saved one.

    The checkpoint may lie within a window, or behind an epoch's last, which was not full.
    """
    for name in names:
        if saved.get(name, settings[name]) != settings[name]:
            raise SystemExit(
                f"{name} {settings[name]}: the checkpoint had {saved[name]}, and may lie within "
                "a window of these; start a new run from the checkpoint's weights"
            )
