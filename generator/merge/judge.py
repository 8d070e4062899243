"""Looks for what is wrong with a merge that has no conflict where texts overlap.

Each fault is the changes of both sides that cannot stand together; they become a conflict.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from lgen.merge.blocks import (
    at_the_edge_of_a_wrap,
    beside_twins,
    blocks_of_result,
    doubled,
    in_another_loop,
    in_other_blocks,
    never_reached,
    one_of_several,
)
from lgen.merge.events import Event
from lgen.merge.flow import faults_of_flow
from lgen.merge.likeness import is_another
from lgen.merge.pieces import DEFINITIONS, LOOPS, Piece
from lgen.merge.sense import senseless
from lgen.merge.weave import Chosen, Weave

Fault = set[Event]


def faults(weave: Weave) -> Iterator[Fault]:
    """What can be told from the pieces: emptied blocks, a break that is in no loop any more,
    and changes that make no sense together."""
    yield from _emptied(weave)
    yield from _shrunk(weave)
    yield from _hollow(weave)
    yield from _stray(weave)
    blocks = blocks_of_result(weave)
    yield from in_other_blocks(weave, blocks)
    yield from in_another_loop(weave, blocks)
    yield from never_reached(weave)
    yield from doubled(weave)
    yield from one_of_several(weave)
    yield from beside_twins(weave)
    yield from at_the_edge_of_a_wrap(weave)
    yield from senseless(weave)
    yield from faults_of_flow(weave)


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


def _shrunk(weave: Weave) -> Iterator[Fault]:
    """Blocks that mine put around something of which new takes the first or the last away: where
    it comes back, nobody could tell whether it belongs inside."""
    mine, new = weave.sides
    gone = {at: e for e in new.events if e.deletes for at in range(e.start, e.stop)}
    for event, place in mine.brought():
        piece = mine.pieces[place]
        if piece.kind == "header":
            inner = place + 1
        elif piece.kind == "end" and piece.opener not in mine.inverse:
            inner = place - 1
        else:
            continue
        if mine.inverse.get(inner, -1) in gone:
            yield {event, gone[mine.inverse[inner]]}


def _hollow(weave: Weave) -> Iterator[Fault]:
    """Blocks that mine put around statements in whose place new has nothing but others."""
    mine, new = weave.sides
    for event, place in mine.brought():
        header = mine.pieces[place]
        if header.kind != "header" or place in mine.inverse:
            continue
        inside = [mine.inverse.get(inner, -1) for inner in range(place + 1, header.end)]
        held = [at for at in inside if at >= 0 and weave.base[at].kind in ("statement", "header")]
        if held and not any(_remains(weave, at) for at in held):
            yield {event, *(e for e in new.events if any(e.start <= at < e.stop for at in held))}


def _remains(weave: Weave, at: int) -> bool:
    """Whether new has a piece of the base, as it was or changed, there or elsewhere."""
    base, new = weave.base, weave.sides[1]
    if base[at].kind != "statement":
        return new.found[at] >= 0
    if new.found[at] >= 0:
        places = range(new.found[at], new.found[at] + 1)
    else:
        event = next(event for event in new.events if event.start <= at < event.stop)
        places = range(event.first, event.last)
    now = [new.pieces[place] for place in places if new.pieces[place].kind == "statement"]
    return at in new.moved or any(
        base[at].id == piece.id or not is_another(base[at], piece) for piece in now
    )


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
            kinds = [type(node) for node in around if isinstance(node, (*LOOPS, *DEFINITIONS))]
            if not kinds or kinds[-1] not in LOOPS:
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
