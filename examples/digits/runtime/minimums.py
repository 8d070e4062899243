"""Checks the domain of settings."""

from typing import Any


def check_minimums(settings: Any, **minimums: float) -> None:
    """End the program if a setting is less than its minimum, naming each that is."""
    faults = [
        f"{name} is {getattr(settings, name)}, but must be at least {least}"
        for name, least in minimums.items()
        if not getattr(settings, name) >= least
    ]
    if faults:
        raise SystemExit("; ".join(faults))
