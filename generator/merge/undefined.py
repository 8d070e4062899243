"""Finds names in a merged text that nothing defines, though each side's own text does."""

from __future__ import annotations

import builtins
import symtable
from collections.abc import Iterator
from contextlib import suppress

from lgen.merge.events import Event
from lgen.merge.names import Scoped, names_of, scopes_of
from lgen.merge.weave import Weave

_ALWAYS = {*dir(builtins), "__file__", "__name__", "__doc__", "__class__"}


def faults_of_names(weave: Weave, merged: list[str], mine: str, new: str) -> Iterator[set[Event]]:
    """The changes that brought names which are in none of the merged texts defined.

    These are one text, or two where there are conflicts: with the one side of each, and with the
    other.
    """
    found = []
    for text in dict.fromkeys(merged):
        with suppress(SyntaxError, ValueError):  # half of a conflict may be no code
            found.append(undefined(text))
    unknown = set.intersection(*found) if found else set[Scoped]()
    if unknown:
        unknown -= undefined(mine) | undefined(new)
    for scope, name in unknown:
        readers = list(_readers(weave, name))
        near = [event for event, where in readers if where == scope]
        if not readers:
            yield {*weave.mine.events, *weave.new.events}
        for event in near or [event for event, _ in readers]:
            yield {event}


def _readers(weave: Weave, name: str) -> Iterator[tuple[Event, str]]:
    """The changes in which a name is read, with its scope."""
    for side in (weave.mine, weave.new):
        scopes = scopes_of(side.pieces)
        for event, place in side.brought():
            if name in names_of(side.pieces[place]).read:
                yield event, scopes[place]


def undefined(text: str) -> set[Scoped]:
    """The names that a text uses and does not define, with the function of the module."""
    top = symtable.symtable(text, "file", "exec")
    known = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    known |= {table.get_name() for table in top.get_children()} | _ALWAYS
    found = {("", s.get_name()) for s in top.get_symbols() if s.get_name() not in known}

    def walk(table: symtable.SymbolTable, scope: str) -> None:
        for symbol in table.get_symbols():
            if symbol.is_global() and symbol.is_referenced() and symbol.get_name() not in known:
                if symbol.is_declared_global() and symbol.is_assigned():
                    continue
                found.add((scope, symbol.get_name()))
        for child in table.get_children():
            walk(child, scope)

    for child in top.get_children():
        walk(child, child.get_name())
    return found
