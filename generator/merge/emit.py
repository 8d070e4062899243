"""Writes merged pieces as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from lgen.merge.pieces import Piece
from lgen.merge.weave import Conflict, Result


class Torn(Exception):
    """The blocks of a result are not whole."""


def emit(
    result: Result, unit: str, labels: tuple[str, str], take: Literal["mine", "new"] | None = None
) -> tuple[list[str], int]:
    """The lines of a result and the number of its conflicts; raises Torn.

    Where one side is to be taken, its pieces stand for each conflict.
    """
    lines: list[str] = []
    conflicts = 0
    open_blocks: list[tuple[str, int]] = []
    around = ""  # where the header comes from that stands right above
    for item in result:
        if isinstance(item, Conflict):
            conflicts += 1
            if take:
                lines += _run(getattr(item, take), len(open_blocks), unit)
            else:
                lines += _conflict(item, len(open_blocks), unit, labels)
            if item.owner[1] >= 0:
                open_blocks.append(item.owner)
            continue
        piece = item.piece
        if piece.kind in ("end", "clause") and open_blocks[-1:] != [item.owner]:
            raise Torn
        if piece.kind == "end":
            open_blocks.pop()
            continue
        depth = len(open_blocks) - (piece.kind == "clause")
        if {around, item.source} == {"mine", "new"}:
            piece = replace(piece, blanks=0)  # a header of one side around pieces of the other
        lines += [""] * piece.blanks + _indented(piece, unit * depth)
        around = item.source if piece.kind in ("header", "clause") else ""
        if piece.kind == "header":
            open_blocks.append(item.owner)
    if open_blocks:
        raise Torn
    return lines, conflicts


def _conflict(item: Conflict, depth: int, unit: str, labels: tuple[str, str]) -> list[str]:
    runs = item.mine, item.new
    blanks = max((run[0].blanks for run in runs if run), default=0)
    mine, new = (_run(run, depth, unit) for run in runs)
    return [
        *[""] * blanks,
        *(f"<<<<<<< {labels[0]}", *mine, "=======", *new, f">>>>>>> {labels[1]}"),
    ]


def _run(pieces: Sequence[Piece], depth: int, unit: str) -> list[str]:
    lines: list[str] = []
    lowest = min((piece.depth for piece in pieces if piece.kind != "end"), default=0)
    for number, piece in enumerate(pieces):
        if piece.kind != "end":
            lines += [""] * (piece.blanks if number else 0)
            lines += _indented(piece, unit * (depth + piece.depth - lowest))
    return lines


def _indented(piece: Piece, indent: str) -> list[str]:
    return [
        line if number in piece.in_string or not line else indent + line
        for number, line in enumerate(piece.lines)
    ]
