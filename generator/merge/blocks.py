"""Looks for lines that stand in other blocks than those that they were written in."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from lgen.merge.events import Event, Side
from lgen.merge.likeness import ratio_of, same_sort
from lgen.merge.normal import words
from lgen.merge.pieces import DEFINITIONS, LOOPS, Piece
from lgen.merge.weave import Chosen, Weave

_LEAVES = (ast.Break, ast.Continue, ast.Return, ast.Raise)
Block = tuple[type[ast.AST], tuple[str, int]]  # what its header is, and whose
Blocks = dict[int, list[Block]]  # by the nodes of a piece


def in_other_blocks(weave: Weave, result: Blocks) -> Iterator[set[Event]]:
    """What a side put into blocks that all have, and that stands in others of these now; what a
    side put around it is no such block."""
    grown = {(side.name, at): ("", was) for side in weave.sides for at, was in _grown(side)}
    merged = {
        key: {grown.get(owner, owner) for _, owner in blocks} for key, blocks in result.items()
    }
    present = {owner for owners in merged.values() for owner in owners if not owner[0]}
    for side in weave.sides:
        for event, place in side.brought():
            owners = merged.get(id(side.pieces[place].nodes))
            if owners is None or side.pieces[place].kind not in ("statement", "header"):
                continue
            written = {grown.get(owner, owner) for _, owner in _blocks_of(side, place)}
            if written & present != owners & present:
                yield {event}


def _grown(side: Side) -> Iterator[tuple[int, int]]:
    """The headers that a side has elsewhere, around some of what they were around, with their
    place in the base."""
    new = [p for p, piece in enumerate(side.pieces) if piece.kind == "header"]
    new = [p for p in new if p not in side.inverse]
    for place in side.unwrapped:
        held = range(place + 1, side.base[place].end)
        for other in new:
            if side.pieces[other].id == side.base[place].id:
                if any(other < side.found[p] < side.pieces[other].end for p in held):
                    yield other, place


def in_another_loop(weave: Weave, result: Blocks) -> Iterator[set[Event]]:
    """What a side brought and a loop decides on: `break`, `continue`, and statements that it took
    from elsewhere."""
    for side in weave.sides:
        taken = set(side.moved.values())
        for event, place in side.brought():
            piece = side.pieces[place]
            if piece.kind != "statement":
                continue
            jumps = isinstance(piece.nodes[0], (ast.Break, ast.Continue))
            blocks = result.get(id(piece.nodes))
            if (jumps or place in taken) and blocks is not None:
                if _loops(blocks) != _loops(_blocks_of(side, place)):
                    yield {event}


def never_reached(weave: Weave) -> Iterator[set[Event]]:
    """What comes to stand right behind a statement that leaves the block."""
    brought = {
        id(side.pieces[place].nodes): event
        for side in weave.sides
        for event, place in side.brought()
    }
    jump: Chosen | None = None
    for item in weave.result:
        if not isinstance(item, Chosen):
            jump = None
        elif item.piece.kind in ("statement", "header"):
            if jump is not None:
                both = (brought.get(id(chosen.piece.nodes)) for chosen in (jump, item))
                events = {event for event in both if event is not None}
                if len(events) == 2 or events and jump.source != item.source:
                    yield events
            leaves = item.piece.kind == "statement" and isinstance(item.piece.nodes[-1], _LEAVES)
            jump = item if leaves else None
        elif item.piece.kind != "comment":
            jump = None


def doubled(weave: Weave) -> Iterator[set[Event]]:
    """What mine changed or took away and of which new makes two; the other would stay as it was."""
    mine, new = weave.sides
    before, after = (Counter(p.id for p in pieces) for pieces in (weave.base, new.pieces))
    touched: dict[int, Event] = {}
    for event in mine.events:
        for at in range(event.start, event.stop):
            piece = weave.base[at]
            header = piece.kind == "header" and event.changes
            alone = piece.kind == "statement" and before[piece.id] == 1 < after[piece.id]
            if header or alone:
                touched[piece.id] = event
    for event, place in new.brought():
        piece = new.pieces[place]
        if piece.kind in ("header", "statement") and not event.changes and piece.id in touched:
            yield {touched[piece.id], event}


def one_of_several(weave: Weave) -> Iterator[set[Event]]:
    """A call or a value that mine changed, of which the base has several in a function and new has
    one that may be any."""
    mine, new = weave.sides
    for event in mine.events:
        other = new.found[event.start] if event.changes else -1
        if other < 0 or not _calls_or_sets(weave.base[event.start]):
            continue
        one, made = weave.base[event.start], new.pieces[other]
        if one.id == made.id:
            continue
        for place, piece in enumerate(weave.base):
            if new.found[place] < 0 and _as_near(piece, one, made):
                if _function(weave.base, place) == _function(weave.base, event.start):
                    yield {event, new.event_of(other)}


def beside_twins(weave: Weave) -> Iterator[set[Event]]:
    """What mine put between statements of which new has another number in the function: it may
    belong to any of them. A comment belongs to the statement below it."""
    mine, new = weave.sides
    for event in mine.events:
        if not event.inserts:
            continue
        remark = all(p.kind == "comment" for p in mine.pieces[event.first : event.last])
        near = (event.start,) if remark else (event.start - 1, event.start)
        places = [place for place in near if 0 <= place < len(weave.base)]
        places = [place for place in places if weave.base[place].kind == "statement"]
        twins = [_twin(weave.base, new, place) for place in places]
        found = [twin for twin in twins if twin is not None]
        if found and len(found) == len(twins):
            yield {event, found[-1]}


def _twin(base: Sequence[Piece], new: Side, place: int) -> Event | None:
    """What brought to new, or took away, another statement like that of the base."""
    other = new.found[place]
    if other < 0 or not _calls_or_sets(base[place]):
        return None
    for event in new.events:
        if event.changes:
            continue
        gone, come = range(event.start, event.stop), range(event.first, event.last)
        for pieces, places, mark in ((base, gone, place), (new.pieces, come, other)):
            for at in places:
                if _as_near(pieces[at], base[place], new.pieces[other]):
                    if _function(pieces, at) == _function(pieces, mark):
                        return event
    return None


def _as_near(piece: Piece, one: Piece, made: Piece) -> bool:
    """Whether a call or a value could be what new has as well as `one`, which is taken for it."""
    if not _calls_or_sets(piece) or not same_sort(piece, made):
        return False
    least = ratio_of(words(one.text), words(made.text)) - 0.1
    return ratio_of(words(piece.text), words(made.text)) >= least


def at_the_edge_of_a_wrap(weave: Weave) -> Iterator[set[Event]]:
    """A block that mine put around statements, of which new has more for the first or the last:
    the others may belong inside or outside."""
    mine, new = weave.sides
    for event, place in mine.brought():
        piece = mine.pieces[place]
        if piece.kind != "header" or not event.inserts or piece.end in mine.inverse:
            continue
        end = mine.event_of(piece.end)
        for other in new.events:
            grows = 0 < other.stop - other.start < other.last - other.first
            if other.changes or not grows or not end.inserts:
                continue
            if event.start < other.start < other.stop == end.start:
                yield {end, other}
            if event.start == other.start < other.stop < end.start:
                yield {event, other}


def _calls_or_sets(piece: Piece) -> bool:
    """Whether a piece calls a function and leaves what it returns, or sets something."""
    node = piece.nodes[0] if piece.kind == "statement" else None
    return isinstance(node, ast.Assign) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    )


def _function(pieces: Sequence[Piece], place: int) -> int:
    """The place of the function or class that a piece stands in, -1 outside of these."""
    holder = pieces[place].holder
    while holder >= 0 and not pieces[holder].name:
        holder = pieces[holder].holder
    return holder


def _loops(blocks: list[Block]) -> list[tuple[str, int]]:
    """The loops among the blocks within the innermost function, outermost first."""
    loops: list[tuple[str, int]] = []
    for kind, owner in blocks:
        if issubclass(kind, DEFINITIONS):
            loops = []
        elif issubclass(kind, LOOPS):
            loops.append(owner)
    return loops


def _blocks_of(side: Side, place: int) -> list[Block]:
    """The blocks around a piece of a side, outermost first."""
    blocks: list[Block] = []
    holder = side.pieces[place].holder
    while holder >= 0:
        opener = side.pieces[holder].opener if side.pieces[holder].kind == "clause" else holder
        blocks.append((type(side.pieces[opener].nodes[0]), side.owner(opener)))
        holder = side.pieces[opener].holder
    return blocks[::-1]


def blocks_of_result(weave: Weave) -> Blocks:
    """By statement and header of the result, the blocks around it, outermost first."""
    found: Blocks = {}
    around: list[Block] = []
    for item in weave.result:
        if not isinstance(item, Chosen):
            if item.owner[1] >= 0:
                around.append((type(weave.base[item.owner[1]].nodes[0]), item.owner))
            continue
        if item.piece.kind in ("statement", "header"):
            found[id(item.piece.nodes)] = list(around)
        if item.piece.kind == "header":
            around.append((type(item.piece.nodes[0]), item.owner))
        elif item.piece.kind == "end" and around:
            around.pop()
    return found
