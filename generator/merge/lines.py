"""Merges three lists of lines as diff3 does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

Lines = Sequence[str]


def merge_lines(
    base: Lines, mine: Lines, new: Lines, labels: tuple[str, str]
) -> tuple[list[str], int]:
    """The merged lines and the number of conflicts; changes that touch are one conflict."""
    merged: list[str] = []
    conflicts = 0
    for before, ours, theirs in _regions(base, mine, new):
        if ours == theirs or theirs == before:
            merged += ours
        elif ours == before:
            merged += theirs
        else:
            head, tail = _common_ends(ours, theirs)
            stop, other_stop = len(ours) - tail, len(theirs) - tail
            conflicts += 1
            merged += ours[:head]
            merged += [f"<<<<<<< {labels[0]}", *ours[head:stop], "======="]
            merged += [*theirs[head:other_stop], f">>>>>>> {labels[1]}", *ours[stop:]]
    return merged, conflicts


def _common_ends(ours: Lines, theirs: Lines) -> tuple[int, int]:
    """How many lines both begin with, and how many of the others they end with."""
    most = min(len(ours), len(theirs))
    head = next((i for i in range(most) if ours[i] != theirs[i]), most)
    most -= head
    tail = next((i for i in range(most) if ours[-1 - i] != theirs[-1 - i]), most)
    return head, tail


def _regions(base: Lines, mine: Lines, new: Lines) -> Iterator[tuple[Lines, Lines, Lines]]:
    """The texts cut into pieces that go together: common lines, and what lies between."""
    at = (0, 0, 0)
    for place, ours, theirs, length in _common(base, mine, new):
        if at != (place, ours, theirs):
            yield base[at[0] : place], mine[at[1] : ours], new[at[2] : theirs]
        yield (base[place : place + length],) * 3
        at = place + length, ours + length, theirs + length
    yield base[at[0] :], mine[at[1] :], new[at[2] :]


def _common(base: Lines, mine: Lines, new: Lines) -> Iterator[tuple[int, int, int, int]]:
    """Runs of lines that all three have: places in each, and the length."""
    ours, theirs = _blocks(base, mine), _blocks(base, new)
    while ours and theirs:
        start = max(ours[0][0], theirs[0][0])
        stop = min(ours[0][0] + ours[0][2], theirs[0][0] + theirs[0][2])
        if start < stop:
            places = (side[0][1] + start - side[0][0] for side in (ours, theirs))
            yield (start, *places, stop - start)  # type: ignore[misc]
        (ours if ours[0][0] + ours[0][2] == stop else theirs).pop(0)


def _blocks(one: Lines, two: Lines) -> list[tuple[int, int, int]]:
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    return [tuple(block) for block in matcher.get_matching_blocks() if block.size]  # type: ignore[misc]
