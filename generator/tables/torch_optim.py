"""The optimizers and schedulers of torch, from the table that tools/write_torch_tables.py wrote.

Beside them stand the schedules that lgen makes of several of torch's.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, Literal

Kind = Literal["optimizers", "schedulers"]


# schedules that torch has no class for: several of its classes, one after the other
_OWN: dict[str, dict[str, Any]] = {
    "WSD": {
        "doc": "Warmup, a stable rate, and decay to zero in the run's last steps.",
        "args": {"total_steps": {"length": True, "refused": "it is the run's own length"}},
    }
}


@cache
def _table() -> dict[str, Any]:
    """The whole table."""
    text = resources.files("lgen.tables").joinpath("torch_optim.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    table["schedulers"] |= _OWN
    return table


def classes(kind: Kind) -> dict[str, dict[str, Any]]:
    """By name, the doc and the arguments of each class, or why it is refused."""
    rows: dict[str, dict[str, Any]] = _table()[kind]
    return rows


def arguments(kind: Kind, name: str) -> dict[str, dict[str, Any]]:
    """By name, the arguments of a class: type, default and limits, or why one is refused.

    Of a class that is not torch's none are known.
    """
    rows: dict[str, dict[str, Any]] = classes(kind).get(name, {}).get("args", {})
    return rows


def length_argument(name: str) -> str | None:
    """The scheduler's argument that is the run's length where the spec does not give it."""
    rows = arguments("schedulers", name)
    return next((argument for argument, row in rows.items() if row.get("length")), None)
