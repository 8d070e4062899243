"""Finds what Python refuses in a merged text, though it takes each side's own text."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from lgen.merge.events import Event
from lgen.merge.weave import Weave


def refused_by_python(weave: Weave, merged: list[str], mine: str, new: str) -> Iterator[set[Event]]:
    """The changes that brought the line at which no merged text compiles, as for a `nonlocal`
    whose variable is gone; all of them where none did.

    There are two merged texts where there are conflicts: with the one side of each, and with the
    other.
    """
    lines = {refused_line(text) for text in merged}
    if None in lines or any(refused_line(text) is not None for text in (mine, new)):
        return
    near = [
        {event}
        for side in weave.sides
        for event, place in side.brought()
        if not lines.isdisjoint(line.strip() for line in side.pieces[place].lines)
    ]
    yield from near or [{*weave.mine.events, *weave.new.events}]


def refused_line(text: str) -> str | None:
    """The line at which Python refuses to compile a text, None where it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of invalid escapes in strings
            compile(text, "file", "exec", dont_inherit=True)
    except SyntaxError as error:
        lines = text.split("\n")
        return lines[(error.lineno or 1) - 1].strip()
    return None
