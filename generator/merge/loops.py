"""Looks for lines that stand in another loop than the one that they were written in."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lgen.merge.events import Event
from lgen.merge.pieces import DEFINITIONS, LOOPS
from lgen.merge.weave import Chosen, Weave


def in_another_loop(weave: Weave) -> Iterator[set[Event]]:
    """What mine brought and a loop decides on: `break`, `continue`, and statements that mine took
    from elsewhere."""
    merged = _loops_of_result(weave)
    mine = weave.mine
    taken = set(mine.moved.values())
    for event, place in mine.brought():
        piece = mine.pieces[place]
        if piece.kind != "statement":
            continue
        jumps = isinstance(piece.nodes[0], (ast.Break, ast.Continue))
        loops = merged.get(id(piece.nodes))
        if (jumps or place in taken) and loops is not None:
            if loops != _loops_of_mine(weave, place):
                yield {event}


def _loops_of_mine(weave: Weave, place: int) -> list[tuple[str, int]]:
    """The loops around a piece of mine within its function, outermost first."""
    pieces = weave.mine.pieces
    loops: list[tuple[str, int]] = []
    holder = pieces[place].holder
    while holder >= 0:
        opener = pieces[holder].opener if pieces[holder].kind == "clause" else holder
        node = pieces[opener].nodes[0]
        if isinstance(node, DEFINITIONS):
            break
        if isinstance(node, LOOPS):
            loops.append(weave.mine.owner(opener))
        holder = pieces[opener].holder
    return loops[::-1]


def _loops_of_result(weave: Weave) -> dict[int, list[tuple[str, int]]]:
    """By statement of the result, the loops around it."""
    found: dict[int, list[tuple[str, int]]] = {}
    around: list[tuple[type[ast.AST], tuple[str, int]]] = []
    for item in weave.result:
        if not isinstance(item, Chosen):
            if item.owner[1] >= 0:
                around.append((type(weave.base[item.owner[1]].nodes[0]), item.owner))
        elif item.piece.kind == "header":
            around.append((type(item.piece.nodes[0]), item.owner))
        elif item.piece.kind == "end" and around:
            around.pop()
        elif item.piece.kind == "statement":
            loops: list[tuple[str, int]] = []
            for kind, owner in around:
                if issubclass(kind, DEFINITIONS):
                    loops = []
                elif issubclass(kind, LOOPS):
                    loops.append(owner)
            found[id(item.piece.nodes)] = loops
    return found
