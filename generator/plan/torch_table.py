"""What the Plan asks of the table of torch's optimizers and schedulers."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def _table() -> dict[str, Any]:
    file = resources.files("lgen.tables").joinpath("torch_optim.json")
    return dict(json.loads(file.read_text(encoding="utf-8")))


def optimizer_defaults(name: str) -> dict[str, Any]:
    """The default of each argument of a class of torch.optim that has one."""
    args = _table()["optimizers"][name]["args"]
    return {arg: row["default"] for arg, row in args.items() if "default" in row}


def run_length_argument(name: str) -> str | None:
    """The scheduler's argument that is the run's length where it is not given."""
    args = _table()["schedulers"][name]["args"]
    return next((arg for arg, row in args.items() if row.get("length")), None)
