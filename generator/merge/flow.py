"""Follows the names of a function from where they are bound to where they are read."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable, Iterator

from lgen.merge.events import Event
from lgen.merge.names import names_of
from lgen.merge.normal import meaning
from lgen.merge.pieces import DEFINITIONS, Piece
from lgen.merge.weave import Chosen, Weave

Read = tuple[str, Hashable]  # a name, and the piece that reads it
_ALWAYS_ENTERED = (ast.With, ast.AsyncWith, ast.Try)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def faults_of_flow(weave: Weave) -> Iterator[set[Event]]:
    """The changes that read a name which may not be bound there, though each side's own text
    binds it: whichever side is taken of the conflicts."""
    sides = (weave.mine, weave.new)
    brought = [(event, side.pieces[place]) for side in sides for event, place in side.brought()]
    names = {name for _, piece in brought for name in names_of(piece).read}
    resolved = (_resolved(weave, side.name) for side in sides)
    early = set.intersection(*(set(unbound(pieces, names)) for pieces in resolved))
    for side in sides:
        if early:
            early -= {*unbound(side.pieces, {name for name, _ in early})}
    for name, said in early:
        for event, piece in brought:
            if name in names_of(piece).read and meaning(piece) == said:
                yield {event}


def _resolved(weave: Weave, side: str) -> Iterator[Piece]:
    """The pieces of the result, with those of one side for each conflict."""
    for item in weave.result:
        if isinstance(item, Chosen):
            yield item.piece
        else:
            yield from getattr(item, side)


def unbound(pieces: Iterable[Piece], names: set[str]) -> Iterator[Read]:
    """Where functions of the module read their own variables of these names, and none of the
    places above that bind the variable is surely passed."""
    function: list[Piece] = []
    depth = 0
    for piece in pieces:
        depth += (piece.kind == "header") - (piece.kind == "end")
        if function or depth == 1 and piece.kind == "header":
            function.append(piece)
        if depth == 0 and function:
            if isinstance(function[0].nodes[0], _FUNCTIONS):
                yield from _unbound_in(function, names)
            function = []


def _unbound_in(pieces: list[Piece], names: set[str]) -> Iterator[Read]:
    own = {name for piece in pieces[1:] for name in names_of(piece).bound} & names
    own -= {*names_of(pieces[0]).parameters}
    bound: dict[str, list[tuple[int, ...]]] = {}  # the blocks around each place that binds
    stack: list[int] = []  # the blocks around, 0 for those that are always entered
    definitions: list[int] = []  # how deep the functions lie that are called later
    for number, piece in enumerate(pieces[1:-1] if own else (), start=1):
        if piece.kind == "end":
            stack.pop()
            if definitions and definitions[-1] == len(stack):
                definitions.pop()
            continue
        if piece.kind == "clause" and stack:  # blocks need not be whole yet
            stack.pop()
        around = tuple(block for block in stack if block)
        said = names_of(piece)
        node = piece.nodes[0] if piece.kind == "header" else None
        if not definitions:
            for name in said.read & own:
                if not any(blocks == around[: len(blocks)] for blocks in bound.get(name, ())):
                    yield name, meaning(piece)
            is_loop = isinstance(node, (ast.For, ast.AsyncFor))
            for name in own & said.bound.keys():
                bound.setdefault(name, []).append((*around, number) if is_loop else around)
        if isinstance(node, DEFINITIONS):
            definitions.append(len(stack))
        if piece.kind in ("header", "clause"):
            stack.append(0 if isinstance(node, _ALWAYS_ENTERED) else number)
