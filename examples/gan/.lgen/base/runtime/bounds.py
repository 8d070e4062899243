"""Checks the domain of settings."""

import math
import operator
from typing import Any

COMPARISONS = {
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}


def check_bounds(settings: Any, **bounds: str) -> None:
    """End the program if a setting is out of its bounds, naming each that is.

    Bounds read like a condition without its left side: "> 0 and <= 1", "== -1 or >= 1".
    """
    faults = []
    for name, allowed in bounds.items():
        value = getattr(settings, name)
        if isinstance(value, int) and value.bit_length() >= 64:
            faults.append(f"{name} is {value} (allowed: numbers of 64 bits)")
        elif not is_within(value, allowed):
            finite = "finite and " if math.isinf(value) else ""
            faults.append(f"{name} is {value} (allowed: {finite}{allowed.removeprefix('== ')})")
    if faults:
        raise SystemExit("; ".join(faults))


def is_within(value: float, bounds: str) -> bool:
    """Return whether the value is finite and keeps the bounds."""
    return math.isfinite(value) and any(
        all(
            COMPARISONS[sign](value, float(limit))
            for sign, limit in (condition.split() for condition in alternative.split(" and "))
        )
        for alternative in bounds.split(" or ")
    )
