"""Looks for what is wrong with a merge that has no conflict where texts overlap.

Each fault is the changes of both sides that cannot stand together; they become a conflict.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections import Counter
from collections.abc import Iterator, Sequence

from lgen.merge.events import Event, Side
from lgen.merge.normal import words
from lgen.merge.pieces import DEFINITIONS, Piece
from lgen.merge.weave import Chosen, Weave

Fault = set[Event]
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_ALWAYS = {*dir(builtins), "__file__", "__name__", "__doc__", "__class__"}


def faults(weave: Weave) -> Iterator[Fault]:
    """What can be told from the pieces: emptied blocks, a break that is in no loop any more,
    and old names of what was renamed."""
    yield from _emptied(weave)
    yield from _stray(weave)
    yield from _renamed(weave, weave.mine, weave.new)
    yield from _renamed(weave, weave.new, weave.mine)


def faults_of_names(weave: Weave, text: str, mine: str, new: str) -> Iterator[Fault]:
    """Names that nothing in the merged text defines, though each side's own text does."""
    unknown = undefined(text)
    if unknown:
        unknown -= undefined(mine) | undefined(new)
    for side in (weave.mine, weave.new):
        scopes = scopes_of(side.pieces)
        for scope, name in unknown:
            for event in side.events:
                for place in range(event.first, event.last):
                    if scopes[place] == scope and name in words(side.pieces[place].text):
                        yield {event}


def is_complete(weave: Weave) -> bool:
    """Whether no statement is lost or doubled, counted in each function."""
    counts = [_counts(weave.base), _counts(weave.mine.pieces), _counts(weave.new.pieces)]
    pieces: list[Piece] = []
    for item in weave.result:
        if not isinstance(item, Chosen) or item.piece.id < 0:
            return True  # conflicts and statements made of both are no one's
        pieces.append(item.piece)
    found = Counter(piece.id for piece in pieces if piece.kind != "end")
    base, mine, new = counts
    for key in {*found, *base, *mine, *new}:
        more = mine[key] - base[key], new[key] - base[key]
        least = base[key] + (sum(more) if more[0] * more[1] <= 0 else max(more, key=abs))
        ends = sorted((least, base[key] + sum(more)))
        if not ends[0] <= found[key] <= ends[1]:
            return False
    return True


def _counts(pieces: Sequence[Piece]) -> Counter[int]:
    return Counter(piece.id for piece in pieces if piece.kind != "end")


def scopes_of(pieces: Sequence[Piece]) -> list[str]:
    """For each piece the function or class of the module that it is in, "" for none."""
    scopes: list[str] = []
    for piece in pieces:
        scope = scopes[piece.holder] if piece.holder >= 0 else ""
        if piece.holder < 0 and piece.name:
            scope = piece.name
        scopes.append(scope)
    return scopes


def _emptied(weave: Weave) -> Iterator[Fault]:
    """Blocks in which nothing is left."""
    last: Chosen | None = None
    for item in weave.result:
        if not isinstance(item, Chosen):
            last = None
            continue
        if item.piece.kind in ("end", "clause") and last:
            yield _inside(weave, last)
        if item.piece.kind != "comment":
            last = item if item.piece.kind in ("header", "clause") else None


def _stray(weave: Weave) -> Iterator[Fault]:
    """Statements that leave a loop or a function and are in none."""
    around: list[ast.AST] = []
    for item in weave.result:
        if not isinstance(item, Chosen):
            around += weave.base[item.owner[1]].nodes if item.owner[1] >= 0 else ()
            continue
        piece = item.piece
        if piece.kind == "header":
            around.append(piece.nodes[0])
        elif piece.kind == "end" and around:
            around.pop()
        elif piece.kind == "statement" and isinstance(piece.nodes[0], (ast.Break, ast.Continue)):
            kinds = [type(node) for node in around if isinstance(node, (*_LOOPS, *DEFINITIONS))]
            if not kinds or kinds[-1] not in _LOOPS:
                yield {*weave.mine.events, *weave.new.events}
                return


def _inside(weave: Weave, header: Chosen) -> Fault:
    """All that was done to what a block held, and to its header."""
    side = weave.mine if header.owner[0] == "mine" else weave.new
    opener = header.owner[1]
    found: Fault = set()
    if header.owner[0]:
        end = side.pieces[opener].end
        found |= {side.event_of(opener), side.event_of(end)}
        places = {side.inverse[p] for p in range(opener, end) if p in side.inverse}
    else:
        places = set(range(opener, weave.base[opener].end + 1))
    for other in (weave.mine, weave.new):
        for event in other.events:
            if places.intersection(range(event.start, event.stop)):
                found.add(event)
            elif event.inserts and event.start in places and event.start - 1 in places:
                found.add(event)
    return found


def _renamed(weave: Weave, side: Side, other: Side) -> Iterator[Fault]:
    """What the other side wrote with a name that this side has changed."""
    scopes = scopes_of(side.pieces)
    names: set[tuple[str, str]] = set()
    for event in side.events:
        if event.changes:
            before = words(weave.base[event.start].text)
            after = words(side.pieces[event.first].text)
            if len(before) == len(after):
                changed = {a for a, b in zip(before, after, strict=True) if a != b}
                if all(name.isidentifier() for name in changed):
                    names |= {(scopes[event.first], name) for name in changed}
    if not names:
        return
    left: dict[str, set[str]] = {}
    for piece, scope in zip(side.pieces, scopes, strict=True):
        if piece.kind not in ("end", "comment"):
            left.setdefault(scope, set()).update(words(piece.text))
    everywhere = set().union(*left.values())
    scopes = scopes_of(other.pieces)
    gone = {(scope, name) for scope, name in names if name not in left.get(scope, ())}
    for event in other.events:
        for place in range(event.first, event.last):
            said = words(other.pieces[place].text) if other.pieces[place].kind != "comment" else ()
            if any(
                name in said and (scope == scopes[place] or name not in everywhere)
                for scope, name in gone
            ):
                yield {event}
                break


def undefined(text: str) -> set[tuple[str, str]]:
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
