"""Lengths of time as a spec writes them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):([0-5]\d):([0-5]\d)")


def _seconds(value: Any) -> Any:
    """`HH:MM:SS` or `DD:HH:MM:SS` in seconds; any other value as it is."""
    if isinstance(value, str):
        if clock := _CLOCK.fullmatch(value):
            days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
            return 86400 * days + 3600 * hours + 60 * minutes + seconds
    return value


Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": "^([0-9]+:)?[0-9]+:[0-5][0-9]:[0-5][0-9]$"},
            ]
        }
    ),
]
