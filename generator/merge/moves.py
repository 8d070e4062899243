"""Looks for statements that one side moved, where the other changed what they were moved past."""

from __future__ import annotations

from collections.abc import Iterator

from lgen.merge.events import Event, Side
from lgen.merge.names import bindings, names_of, scopes_of
from lgen.merge.pieces import Piece
from lgen.merge.weave import Chosen, Weave

Fresh = list[tuple[Event, str, Piece]]  # what a side brought or changed, with its scope


def moved_past_nothing(weave: Weave) -> Iterator[set[Event]]:
    """What mine moved past pieces that new has not: nothing would be left of the move."""
    mine, new = weave.sides
    for number, place in mine.moved.items():
        event = mine.event_of(place)
        first, last = sorted((number, event.start))
        passed = [p for p in range(first, last) if mine.found[p] >= 0]
        if new.found[number] >= 0 and passed and all(new.found[p] < 0 for p in passed):
            yield {event}


def out_of_order(weave: Weave, side: Side, other: Side, theirs: Fresh) -> Iterator[set[Event]]:
    """A statement that one side moved stands before what the other side put behind it, or the
    other way round, and both are about the same."""
    if not side.moved:
        return
    scopes = scopes_of(side.pieces, nested=True)
    base_scopes = scopes_of(weave.base, nested=True)
    places = {
        id(item.piece.nodes): number
        for number, item in enumerate(weave.result)
        if isinstance(item, Chosen)
    }
    where = {id(piece): number for number, piece in enumerate(other.pieces)}
    local = bindings(weave.base)
    for number, place in side.moved.items():
        if other.found[number] < 0 or scopes[place] != base_scopes[number]:
            continue
        event, again = side.event_of(place), side.pieces[place]
        said = {*names_of(again).bound, *names_of(again).read}
        for their_event, scope, their_piece in theirs:
            theirs_said = names_of(their_piece)
            common = said & {*theirs_said.bound, *theirs_said.read}
            if scope != base_scopes[number] or not any((scope, name) in local for name in common):
                continue
            ours_at, theirs_at = (places.get(id(p.nodes)) for p in (again, their_piece))
            if ours_at is None or theirs_at is None:
                continue
            if (ours_at < theirs_at) != (other.found[number] < where[id(their_piece)]):
                yield {event, their_event}
