"""The combinations that hold every pair of values, in pairs.txt; those that none may hold."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from tests.combinations.combine import Pair, Row, default_row, mended, refusal, solved
from tests.combinations.values import VALUES


def pairs_of(row: Row) -> Iterator[Pair]:
    """Every pair of values in a combination."""
    return combinations(sorted(row.items()), 2)


def all_pairs() -> list[Pair]:
    """Every pair of values of two options."""
    items = {name: [(name, place) for place in range(len(VALUES[name]))] for name in VALUES}
    return [
        (one, other)
        for a, b in combinations(sorted(VALUES), 2)
        for one in items[a]
        for other in items[b]
    ]


def cover(known: list[Row], seed: int = 0) -> list[Row]:
    """Valid combinations that hold every pair of values which the rules allow.

    Begins with the known ones, which lack the options that are new and may break a new rule.
    """
    draw = random.Random(seed)
    left = dict.fromkeys(all_pairs())
    rows: list[Row] = []

    def add(row: Row) -> None:
        before = len(left)
        for covered in pairs_of(row):
            left.pop(covered, None)
        if len(left) < before:
            rows.append(row)

    for row in known:
        full = _filled(row, left, draw)
        found = mended(full, set(row), draw) or mended(full, set(), draw)
        if found is not None:
            add(found)
    order = list(left)
    draw.shuffle(order)
    for pair in order:
        if pair in left:
            completion = completed(pair, left, draw)
            if completion is None:
                del left[pair]
            else:
                add(completion)
    return rows


def _filled(row: Row, left: Mapping[Pair, None], draw: random.Random) -> Row:
    """The combination with a value of each option that it lacks: those that hold the most pairs."""
    row = dict(row)
    names = [name for name in VALUES if name not in row]
    draw.shuffle(names)
    for name in names:
        row[name] = _best_value(name, row, left, draw)
    return row


def completed(pair: Pair, left: Mapping[Pair, None], draw: random.Random) -> Row | None:
    """A valid combination with the pair, and with many of the pairs that are left."""
    kept = {name for name, _ in pair}
    simple = solved(default_row() | dict(pair), kept)
    if isinstance(simple, set):
        return None
    for _ in range(3):
        found = mended(_filled(dict(pair), left, draw), kept, draw)
        if found is not None:
            return found
    return simple


def _best_value(name: str, row: Row, left: Mapping[Pair, None], draw: random.Random) -> int:
    """The value that makes the most pairs which are left with those that are chosen."""

    def gain(place: int) -> float:
        mine = (name, place)
        items = row.items()
        return sum((min(mine, i), max(mine, i)) in left for i in items) + draw.random() / 2

    return max(range(len(VALUES[name])), key=gain)


_PAIRS = Path(__file__).with_name("pairs.txt")
_REFUSED = Path(__file__).with_name("refused.txt")
_DIGITS = string.digits + string.ascii_lowercase


def write_pairs() -> None:
    """Write the cover to pairs.txt and what it lacks to refused.txt.

    What stands in pairs.txt is kept where it is valid; without the file, all are made anew.
    """
    rows = cover(_known_rows() if _PAIRS.exists() else [])
    lines = ["".join(_DIGITS[row[name]] for name in VALUES) for row in rows]
    _PAIRS.write_text("\n".join(["|".join(VALUES), *lines]) + "\n")
    refused = (f"{' + '.join(sorted(refusal(pair)))} | {said(pair)}" for pair in uncovered(rows))
    _REFUSED.write_text("\n".join(sorted(refused)) + "\n")


def read_pairs() -> list[Row]:
    """The combinations of pairs.txt, whose first line has the names of the options."""
    names, *lines = _PAIRS.read_text().splitlines()
    assert names.split("|") == list(VALUES), "run: pytest tests/combinations --rewrite"
    return [dict(zip(VALUES, map(_DIGITS.index, line), strict=True)) for line in lines]


def _known_rows() -> list[Row]:
    """What of pairs.txt is of options and values that are there."""
    first, *lines = _PAIRS.read_text().splitlines()
    names = first.split("|")
    rows = [dict(zip(names, map(_DIGITS.index, line), strict=True)) for line in lines]
    return [{n: p for n, p in row.items() if p < len(VALUES.get(n, ()))} for row in rows]


def read_refused() -> dict[str, set[str]]:
    """The rules that refuse each pair, by what `said` says of it."""
    lines = (line.split(" | ") for line in _REFUSED.read_text().splitlines())
    return {pair: set(rules.split(" + ")) for rules, pair in lines}


def uncovered(rows: list[Row]) -> list[Pair]:
    """The pairs that no combination holds."""
    return sorted(set(all_pairs()).difference(*(pairs_of(row) for row in rows)))


def said(pair: Pair) -> str:
    """A pair of values in words."""
    return " and ".join(f"{name}: {VALUES[name][place]}" for name, place in pair)
