"""The table of optimizers and schedulers is that of the installed torch."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_table_is_what_the_tool_writes() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "write_torch_tables.py"))
    assert tool["TABLE"].read_text(encoding="utf-8") == tool["table_text"]()
