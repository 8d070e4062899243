"""Mappings whose keys are epochs."""

from __future__ import annotations

import re
from typing import Any

_EPOCH = re.compile("0|[1-9][0-9]{0,8}")


def by_epoch(values: dict[str, Any]) -> dict[str, Any]:
    """The values by epoch, if each key is the number of one."""
    for key in values:
        if not _EPOCH.fullmatch(key):
            raise ValueError(
                f"{key!r} is no epoch; write numbers from 0 on, of up to nine digits, as in "
                "{0: 1, 4: 8}"
            )
    return values
