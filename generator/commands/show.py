"""`lgen options` and `lgen schema`: what a spec can say, as text."""

from __future__ import annotations

import json
import shutil
import textwrap

from lgen.spec.fault import Fault, nearest

_WIDEST_TYPE = 30


def option_table() -> str:
    """Every option by group: name, type, default and doc, in lines that fit the terminal."""
    from lgen.spec.describe import options

    rows = options()
    width = max(len(row.name) for row in rows)
    default_width = max(len(row.default) for row in rows)
    groups = dict.fromkeys(row.group for row in rows)
    lines: list[str] = []
    for group in groups:
        lines += ["", group]
        for row in rows:
            if row.group == group:
                start = f"  {row.name:{width}}  {row.type:{_WIDEST_TYPE}}  "
                lines += _columns(start + f"{row.default:{default_width}}  ", row.doc)
    return "\n".join(lines[1:]) + "\n"


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
        lines.append(f"  default: {row.default}")
        lines += [line for rule in row.rules for line in _columns("  rule:    ", rule)]
    return "\n".join(lines[1:]) + "\n"


def schema_text() -> str:
    """The JSON Schema of lgen.yaml."""
    from lgen.spec.describe import json_schema

    return json.dumps(json_schema(), indent=2) + "\n"


def _columns(start: str, text: str) -> list[str]:
    """`start` and then the text, wrapped into the rest of the line."""
    room = max(30, shutil.get_terminal_size((100, 24)).columns - len(start))
    wrapped = textwrap.wrap(text, room) or [""]
    return [start + wrapped[0], *(" " * len(start) + line for line in wrapped[1:])]
