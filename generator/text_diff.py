"""Unified diffs, coloured for a terminal."""

from __future__ import annotations

import difflib

_COLOURS = {"-": "31", "+": "32", "@": "36"}


def unified(path: str, old: str | None, new: str | None, context: int = 3) -> list[str]:
    """The lines of a diff as git writes them, none where nothing differs; None is no file."""
    if old == new:
        return []
    lines = difflib.unified_diff(
        _lines(old),
        _lines(new),
        "/dev/null" if old is None else f"a/{path}",
        "/dev/null" if new is None else f"b/{path}",
        n=context,
        lineterm="",
    )
    found = [part for line in lines for part in line.split("\n")]
    return found or [f"--- a/{path}", f"+++ b/{path}"]


def _lines(text: str | None) -> list[str]:
    """The lines without their ends; a last one that has no end says so below it."""
    if not text:
        return []
    lines = text.split("\n")
    if lines[-1] == "":
        return lines[:-1]
    return [*lines[:-1], f"{lines[-1]}\n\\ No newline at end of file"]


def coloured(lines: list[str]) -> list[str]:
    """The lines of diffs with what is taken in red and what is given in green."""
    return [_coloured(line) for line in lines]


def _coloured(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return f"\x1b[1m{line}\x1b[m"
    colour = _COLOURS.get(line[:1])
    return f"\x1b[{colour}m{line}\x1b[m" if colour else line
