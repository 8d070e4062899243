"""Drops what was found across the borders of blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lgen.merge.pieces import Piece

Pieces = Sequence[Piece]


def make_consistent(old: Pieces, new: Pieces, found: list[int]) -> None:
    """Drop what is inside a block in one text and outside of it in the other."""
    inverse = {other: place for place, other in enumerate(found) if other >= 0}
    for place, piece in enumerate(old):
        other = found[place]
        if piece.kind != "header" or other < 0:
            continue
        inside = [k for k in range(place + 1, piece.end) if found[k] >= 0]
        left = [k for k in inside if not other < found[k] < new[other].end]
        entered = [
            inverse[k]
            for k in range(other + 1, new[other].end)
            if k in inverse and not place < inverse[k] < piece.end
        ]
        if len(left) + len(entered) > len(inside) - len(left):
            del inverse[other]
            found[place] = -1
            continue
        for wrong in (*left, *entered):
            inverse.pop(found[wrong], None)
            found[wrong] = -1
    inverse = {other: place for place, other in enumerate(found) if other >= 0}
    no_wraps = _no_wraps(old, set(inverse.values())), _no_wraps(new, set(inverse))
    for place, piece in enumerate(old):
        other = found[place]
        if other < 0:
            continue
        is_end = lambda h: found[h] >= 0 or h in no_wraps[0]  # noqa: E731
        ours = _outer(old, piece.holder, is_end)
        is_end = lambda h: h in inverse or h in no_wraps[1]  # noqa: E731
        theirs = _outer(new, new[other].holder, is_end)
        stays = theirs < 0 if ours < 0 else found[ours] == theirs
        if ours != piece.holder and theirs != new[other].holder:
            stays &= piece.id == new[other].id  # under another header it must be the same
        if piece.kind == "clause":
            stays = found[piece.opener] == new[other].opener
        if not stays:
            del inverse[other]
            found[place] = -1


def _outer(pieces: Pieces, holder: int, is_found: Callable[[int], bool]) -> int:
    """The next block outwards that is in both texts, or that is no mere wrap."""
    while holder >= 0 and not is_found(holder) and pieces[holder].kind == "header":
        holder = pieces[holder].holder
    return holder


def _no_wraps(pieces: Pieces, found: set[int]) -> set[int]:
    """The headers that stand in one text only, with too little in them that is in both."""
    headers = set()
    for place, piece in enumerate(pieces):
        if piece.kind == "header" and place not in found and not piece.name:
            inside = [i for i in range(place + 1, piece.end) if pieces[i].kind == "statement"]
            share = sum(i in found for i in inside) / len(inside)
            has_clauses = any(
                p.kind == "clause" and p.opener == place for p in pieces[place : piece.end]
            )
            if share <= 0.5 if has_clauses else share < 0.34:
                headers.add(place)
    return headers
