"""`lgen options` and `lgen schema`: what a spec can say, as text."""

from __future__ import annotations

import json
import shutil
import textwrap
from typing import TYPE_CHECKING

from lgen.spec.fault import Fault, nearest

if TYPE_CHECKING:
    from lgen.spec.describe import Row

_FIRST_COLUMN = 42


def option_table() -> str:
    """Every option by group: its name and default as in a spec, its type, and below its doc."""
    from lgen.spec.describe import options

    rows = options()
    lines: list[str] = []
    for group in dict.fromkeys(row.group for row in rows):
        lines += ["", group.upper()]
        for row in rows:
            if row.group == group:
                start = f"  {row.name}: {_default(row)}"
                lines += _columns(f"{start:{_FIRST_COLUMN}}  ", row.type)
                lines += _columns("      ", row.doc)
    return "\n".join(lines[1:])


def one_option(name: str) -> str | Fault:
    """All that is known of an option and of those below it, or the fault of an unknown name."""
    from lgen.spec.describe import options

    rows = options()
    shown = [row for row in rows if row.name == name or row.name.startswith(f"{name}.")]
    if not shown:
        known = [row.name for row in rows]
        hint = nearest(name, known) or "; lgen options lists them"
        return Fault(name, None, f"there is no such option{hint}")
    lines: list[str] = []
    for row in shown:
        lines += ["", row.name, f"  {row.doc}", f"  type:    {row.type}"]
        lines.append(f"  default: {_default(row)}")
        lines += [line for rule in row.rules for line in _columns("  rule:    ", rule)]
    return "\n".join(lines[1:])


def _default(row: Row) -> str:
    """The default as the spec would say it."""
    return "(required)" if row.default is None else row.default


def schema_text() -> str:
    """The JSON Schema of lgen.yaml."""
    from lgen.spec.describe import json_schema

    return json.dumps(json_schema(), indent=2)


def _columns(start: str, text: str) -> list[str]:
    """`start` and then the text, wrapped into the rest of the line."""
    room = max(30, shutil.get_terminal_size((100, 24)).columns - len(start))
    wrapped = textwrap.wrap(text, room) or [""]
    return [start + wrapped[0], *(" " * len(start) + line for line in wrapped[1:])]
