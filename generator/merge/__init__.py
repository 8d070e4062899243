"""Merges what the user made of a generated text with what lgen generates now."""

from __future__ import annotations

from dataclasses import dataclass

from lgen.merge.lines import merge_lines
from lgen.merge.python import merge_python


@dataclass(frozen=True)
class Merged:
    """A merged text; where it has conflicts, it holds markers as git writes them."""

    text: str
    conflicts: int


def merge(
    base: str,
    mine: str,
    new: str,
    *,
    python: bool,
    labels: tuple[str, str] = ("yours", "lgen"),
) -> Merged:
    """The new text with the changes that lead from base to mine.

    Python code is merged by statements where all three texts can be parsed, other text by lines.
    """
    if new == base or mine == new:
        return Merged(mine, 0)
    if mine == base:
        return Merged(new, 0)
    if python:
        merged = merge_python(base, mine, new, labels)
        if merged is not None:
            return Merged(*merged)
    one, ours, theirs = (text.split("\n") for text in (base, mine, new))
    lines, conflicts = merge_lines(one, ours, theirs, labels)
    return Merged("\n".join(lines), conflicts)
