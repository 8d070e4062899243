"""Decides the order of what both sides put at one place, where it can be decided."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from lgen.merge.events import Event, Side
from lgen.merge.pieces import DEFINITIONS, IMPORTS, Piece, is_import


def in_order(
    base: Sequence[Piece], mine: Side, new: Side, ours: Event, theirs: Event
) -> tuple[Side, Side] | None:
    """The sides in the order of their pieces at the place, None where only a person can tell.

    A run of statements is as near to the statement that it was put beside as it can be. In the
    middle of a paragraph nobody can tell which of its neighbours that is.
    """
    first, last = (mine, new), (new, mine)
    our_shape, their_shape = _shape(mine, ours), _shape(new, theirs)
    if "mixed" in (our_shape, their_shape) or _took(mine, ours) or _took(new, theirs):
        return None
    if _is_remark(base, mine, ours) and their_shape != "whole":
        return last
    if our_shape != "whole" or their_shape != "whole":
        return _wraps(mine, new, ours, theirs, our_shape, their_shape)
    our_pieces = mine.pieces[ours.first : ours.last]
    their_pieces = new.pieces[theirs.first : theirs.last]
    clauses = _has_clause(our_pieces), _has_clause(their_pieces)
    if any(clauses):
        return None if all(clauses) else (last if clauses[0] else first)
    place = ours.start
    if _is_remark(base, mine, ours):
        return last
    if all(is_import(piece) for piece in their_pieces):
        return first
    if place == len(base) or base[place].kind in ("end", "clause"):
        return first if _any_order(our_pieces) or _any_order(their_pieces) else None
    if place == 0 or base[place - 1].kind in ("header", "clause"):
        return last if _any_order(our_pieces) or _any_order(their_pieces) else None
    if base[place - 1].kind == "comment" and not base[place].blanks:
        return last  # between a statement and the comment on it
    above, below = our_pieces[0].blanks > 0, mine.pieces[ours.last].blanks > 0
    if above != below:
        return last if above else first
    if _any_order(our_pieces) and _any_order(their_pieces):
        return first
    return None


def _took(side: Side, event: Event) -> bool:
    """Whether a side took one of the pieces from elsewhere."""
    return any(event.first <= place < event.last for place in side.moved.values())


def _is_remark(base: Sequence[Piece], side: Side, event: Event) -> bool:
    """Whether a side wrote a comment on the statement below."""
    if event.start == len(base) or base[event.start].kind in ("end", "clause"):
        return False
    pieces = side.pieces[event.first : event.last]
    return all(p.kind == "comment" for p in pieces) and not side.pieces[event.last].blanks


def _shape(side: Side, event: Event) -> str:
    """Whether the pieces are whole blocks, nothing but headers, nothing but ends, or mixed."""
    kinds = set()
    depth = 0
    for place in range(event.first, event.last):
        piece = side.pieces[place]
        if piece.kind == "header" and piece.end >= event.last:
            kinds.add("headers")
        elif piece.kind == "end" and piece.opener < event.first:
            kinds.add("ends")
        elif piece.kind == "clause" and piece.opener < event.first:
            kinds.add("whole" if depth == 0 else "mixed")
        elif piece.kind != "comment" or event.last - event.first == 1:
            kinds.add("whole")
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _wraps(
    mine: Side, new: Side, ours: Event, theirs: Event, our_shape: str, their_shape: str
) -> tuple[Side, Side] | None:
    """The order where one side puts a header around something, or the end of it.

    A header that the user put around statements stays around exactly these.
    """
    first, last = (mine, new), (new, mine)
    if our_shape == "headers" and their_shape != "headers":
        return last
    if our_shape == "ends" and their_shape != "ends":
        return first
    if our_shape == "whole":
        return None
    wide = _reach(mine, ours, our_shape), _reach(new, theirs, their_shape)
    if our_shape == "headers":
        return first if wide[0] > wide[1] else last
    return last if wide[0] < wide[1] else first


def _reach(side: Side, event: Event, shape: str) -> int:
    """The place in the base at which the outermost header of a wrap ends, or begins."""
    if shape == "headers":
        return (
            side.event_of(side.pieces[event.first].end).start
            if _is_new(side, side.pieces[event.first].end)
            else side.inverse[side.pieces[event.first].end]
        )
    opener = side.pieces[event.last - 1].opener
    return side.event_of(opener).stop if _is_new(side, opener) else side.inverse[opener]


def _is_new(side: Side, place: int) -> bool:
    return place not in side.inverse


def _has_clause(pieces: Sequence[Piece]) -> bool:
    """Whether the pieces begin another clause of the statement that they are in."""
    inside = 0
    for piece in pieces:
        inside += (piece.kind == "header") - (piece.kind == "end")
        if piece.kind == "clause" and inside == 0:
            return True
    return False


def _any_order(pieces: Sequence[Piece]) -> bool:
    """Whether nothing depends on the order: functions, classes, fields."""
    lowest = min(piece.depth for piece in pieces)
    for piece in pieces:
        if piece.depth == lowest and piece.kind not in ("comment", "end"):
            if not isinstance(piece.nodes[0], (*DEFINITIONS, *IMPORTS, ast.AnnAssign)):
                return False
    return True
