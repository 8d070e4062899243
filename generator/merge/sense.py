"""Looks for changes of both sides that make no sense together, though every line has its place."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence

from lgen.merge.events import Event, Side
from lgen.merge.moves import Fresh, moved_past_nothing, out_of_order
from lgen.merge.names import Names, Scoped, bindings, inside, names_of, scopes_of
from lgen.merge.normal import words
from lgen.merge.pieces import Piece
from lgen.merge.weave import Chosen, Weave

Fault = set[Event]
Bound = dict[Scoped, list[tuple[Event, Piece, str]]]  # where a name is bound, and to which import


def senseless(weave: Weave) -> Iterator[Fault]:
    """One name for two things, names and fields that are gone, other parameters, another order."""
    sides = weave.mine, weave.new
    fresh = [_fresh(side) for side in sides]
    yield from _doubled(weave, *fresh)
    yield from moved_past_nothing(weave)
    for side, other, theirs in ((*sides, fresh[1]), (*sides[::-1], fresh[0])):
        yield from _renamed(weave, side, other)
        yield from _without_field(weave.base, side.pieces, theirs)
        yield from _called_otherwise(weave.base, side, theirs)
        yield from out_of_order(weave, side, other, theirs)


def _fresh(side: Side) -> Fresh:
    scopes = scopes_of(side.pieces, nested=True)
    return [
        (event, scopes[place], side.pieces[place])
        for event, place in side.brought()
        if side.pieces[place].kind not in ("end", "comment")
    ]


def _doubled(weave: Weave, mine: Fresh, new: Fresh) -> Iterator[Fault]:
    """New names of one side that the other binds to something else, or reads as something else."""
    known = bindings(weave.base)
    bound = [_bound(fresh, known) for fresh in (mine, new)]
    for key in bound[0].keys() & bound[1].keys():
        for ours, piece, what in bound[0][key]:
            for _, other, whatever in bound[1][key]:
                same = _says(weave.mine, piece) == _says(weave.new, other)
                if not same and not (what and what == whatever):
                    yield {ours}
    for _, scope, piece in new:
        for name in names_of(piece).read:
            if (scope, name) not in bound[1]:
                yield from ({ours} for ours, *_ in bound[0].get((scope, name), ()))
    for ours, scope, piece in mine:
        for name in names_of(piece).read:
            if (scope, name) not in bound[0] and (scope, name) in bound[1]:
                yield {ours}


def _says(side: Side, piece: Piece) -> list[int]:
    """What a statement says, with all that is in it."""
    if piece.kind != "header":
        return [piece.id]
    place = next(n for n, other in enumerate(side.pieces) if other is piece)
    return [inner.id for inner in side.pieces[place : piece.end]]


def _bound(fresh: Fresh, known: set[Scoped]) -> Bound:
    """Where names are bound that the base does not know."""
    found: Bound = defaultdict(list)
    for event, scope, piece in fresh:
        said = names_of(piece)
        for name, what in said.bound.items():
            if (scope, name) not in known and name != "_":
                found[scope, name].append((event, piece, what))
        for name in said.parameters:
            inner = inside(scope, piece.name or "")
            if (inner, name) not in known:
                found[inner, name].append((event, piece, ""))
    return found


def _without_field(
    base: Sequence[Piece], pieces: Sequence[Piece], theirs: Fresh
) -> Iterator[Fault]:
    """What the other side brought reads a field that this side's classes have no more."""
    gone = _fields(base) - _fields(pieces)
    if not gone:
        return
    # what holds a field is called the same elsewhere
    known = {said for piece in base for said in names_of(piece).attributes if said[1] in gone}
    for event, _, piece in theirs:
        before = names_of(base[event.start]) if event.changes else Names()
        if (names_of(piece).attributes - before.attributes) & known:
            yield {event}


def _fields(pieces: Sequence[Piece]) -> set[str]:
    """The names that bodies of classes bind."""
    return {
        name
        for piece in pieces
        if piece.kind == "statement" and piece.holder >= 0
        if any(isinstance(node, ast.ClassDef) for node in pieces[piece.holder].nodes)
        for name in names_of(piece).bound
    }


def _called_otherwise(base: Sequence[Piece], side: Side, theirs: Fresh) -> Iterator[Fault]:
    """What the other side brought calls a function of which this side has changed the parameters
    or the number of results."""
    results = _results(base), _results(side.pieces)
    changed = {name for name in results[0] if results[1].get(name) != results[0][name]}
    for event in side.events:
        if event.changes and (name := base[event.start].name):
            before, after = (names_of(p) for p in (base[event.start], side.pieces[event.first]))
            if before.parameters != after.parameters:
                changed.add(name)
    for event, _, piece in theirs:
        before = names_of(base[event.start]) if event.changes else Names()
        if (names_of(piece).called - before.called) & changed:
            yield {event}


def _results(pieces: Sequence[Piece]) -> dict[str, set[int]]:
    """By function of the module, how many values it returns."""
    found: dict[str, set[int]] = defaultdict(set)
    for piece, scope in zip(pieces, scopes_of(pieces), strict=True):
        for node in piece.nodes if piece.kind == "statement" else ():
            if isinstance(node, ast.Return):
                given = node.value
                found[scope].add(len(given.elts) if isinstance(given, ast.Tuple) else 1)
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
                    scope = side.pieces[event.first].name or scopes[event.first]
                    names |= {(scope, name) for name in changed}
    if not names:
        return
    left: dict[str, set[str]] = {}
    for piece, scope in zip(side.pieces, scopes, strict=True):
        if piece.kind not in ("end", "comment"):
            left.setdefault(scope, set()).update(words(piece.text))
    everywhere = set().union(*left.values())
    scopes = scopes_of(other.pieces)
    gone = {(scope, name) for scope, name in names if name not in left.get(scope, ())}
    both = {
        item.owner[1]: item.piece
        for item in weave.result
        if isinstance(item, Chosen) and not item.owner[0] and item.piece.kind == "statement"
    }
    for event in other.events:
        for place in range(event.first, event.last):
            piece = other.pieces[place]
            if event.changes:
                piece = both.get(event.start, piece)  # which both may have changed
            said = words(piece.text) if piece.kind != "comment" else ()
            if any(
                name in said and (scope == scopes[place] or name not in everywhere)
                for scope, name in gone
            ):
                yield {event}
                break
