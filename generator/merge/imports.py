"""Takes the order of imports out of a merge: a tool of the user may have sorted them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from lgen.merge.normal import meaning, module
from lgen.merge.pieces import IMPORTS, Code, Piece, is_import

Units = dict[Hashable, list[Piece]]  # by module: the import, with the comments above it


def settle_imports(base: Code, mine: Code, new: Code) -> None:
    """Bring the imports at the top of mine into the order of base, or the other way round.

    Where the new text changes no import, all stays as the user has it.
    """
    ours, theirs, before = _units(mine), _units(new), _units(base)
    common = [key for key in ours if key in before]
    if not common or common == [key for key in before if key in ours]:
        return
    says = [{key: [meaning(p) for p in unit] for key, unit in u.items()} for u in (before, theirs)]
    if says[0] == says[1]:
        for code in (base, new):
            _replace(
                code,
                [p for key in ours if key in before for p in _spaced(ours, before, key)]
                + [p for key in before if key not in ours for p in before[key]],
            )
        return
    order = [key for key in before if key in ours]
    last: Hashable = None
    for key in ours:
        if key not in before:
            order.insert(order.index(last) + 1 if last in order else 0, key)
        last = key
    pieces = []
    for key in order:
        first, *more = ours[key]
        blanks = before[key][0].blanks if key in before else 0
        pieces += [replace(first, blanks=blanks), *more]
    _replace(mine, pieces)


def _spaced(ours: Units, before: Units, key: Hashable) -> list[Piece]:
    """The import as base has it, with the empty lines of mine."""
    first, *more = before[key]
    return [replace(first, blanks=ours[key][0].blanks), *more]


def _span(code: Code) -> tuple[int, int]:
    """The places of the imports that stand together at the top."""
    places = [n for n, p in enumerate(code.pieces) if is_import(p) and p.holder < 0]
    if not places:
        return 0, 0
    stop = start = places[0]
    for place in range(start, places[-1] + 1):
        piece = code.pieces[place]
        if is_import(piece):
            stop = place + 1
        elif piece.kind != "comment":
            break
    return start, stop


def _units(code: Code) -> Units:
    units: Units = {}
    above: list[Piece] = []
    for piece in code.pieces[slice(*_span(code))]:
        above.append(piece)
        if is_import(piece):
            node = piece.nodes[0]
            assert isinstance(node, IMPORTS)
            key = module(node)
            if key in units:
                return {}  # one module twice: its own order counts
            units[key], above = above, []
    return units


def _replace(code: Code, pieces: list[Piece]) -> None:
    """Put these pieces for the imports; the places in all pieces behind them move along."""
    start, stop = _span(code)
    more = len(pieces) - (stop - start)

    def moved(place: int) -> int:
        return place + more if place >= stop else place

    behind = [
        replace(p, holder=moved(p.holder), opener=moved(p.opener), end=moved(p.end))
        for p in code.pieces[stop:]
    ]
    code.pieces = [*code.pieces[:start], *(replace(p) for p in pieces), *behind]
