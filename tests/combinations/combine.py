"""Valid combinations: every pair of values in some of them, and random ones."""

from __future__ import annotations

import random
import string
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from lgen.spec.code_rules import code_findings
from lgen.spec.fault import Fault
from lgen.spec.options import Spec
from lgen.spec.rules import RULES
from lgen.user_code.classes import UserClass, UserData
from lgen.user_code.data import read_data
from lgen.user_code.module import read_module
from tests.combinations.user_code import data_text, model_text
from tests.combinations.values import ABSENT, OPTIONS, VALUES

# a combination: the place of its value in VALUES, by option
Row = dict[str, int]
Pair = tuple[tuple[str, int], tuple[str, int]]
# what a finding about the user's code can be mended by, beside the option that it names
_CODE_PLACES = (
    "train val test predict validation_step test_step predict_step optimizer"
    " scheduler max_steps max_epochs limit_train_batches"
).split()
_HOPELESS = 8  # attempts to complete a pair before it counts as refused


def values(row: Row) -> dict[str, Any]:
    """The values of a combination by option."""
    return {name: VALUES[name][place] for name, place in row.items()}


def options(row: Row) -> dict[str, Any]:
    """The spec of a combination, module and data included."""
    of = values(row)
    spec: dict[str, Any] = {
        "module": {"path": "model.py:Net", "args": of["module.args"]},
        "data": {"path": "data.py:Points", "args": of["data.args"]},
    }
    for name in OPTIONS:
        value = of[name]
        if value is ABSENT or (name == "optimizer" and isinstance(value, str)):
            continue
        value = None if value == "null" else value
        parent, _, key = name.rpartition(".")
        if not parent:
            spec[name] = dict(value) if isinstance(value, dict) else value
        elif spec.get(parent) is not False:
            spec.setdefault(parent, {})[key] = value
    if of["val"] in ("several", "several loaders"):
        for part in ("checkpoint", "early_stopping", "scheduler"):
            if isinstance(spec.get(part), dict) and spec[part].get("monitor"):
                spec[part]["monitor"] = "val_one_loss"
    return spec


def orphaned(row: Row) -> list[str]:
    """The options that belong to a part that the combination lacks."""
    return [
        name
        for name, place in row.items()
        for parent in ("checkpoint", "early_stopping", "scheduler")
        if place
        and name.startswith(parent + ".")
        and (row[parent] == 1 if parent == "checkpoint" else row[parent] == 0)
    ]


@cache
def _module(text: str) -> UserClass:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.py").write_text(text)
        found = read_module(Path(folder), "model.py:Net")
    assert isinstance(found, UserClass), found
    return found


@cache
def _data(text: str) -> UserData | list[Fault]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "data.py").write_text(text)
        return read_data(Path(folder), "data.py:Points")


def classes(row: Row) -> tuple[UserClass, UserData | list[Fault]]:
    """The module and data class of a combination, as lgen reads them, or the data's faults."""
    of = values(row)
    return _module(model_text(of)), _data(data_text(of))


def broken(row: Row) -> dict[str, list[str]]:
    """The rules that a combination breaks, with the options that could mend each."""
    if orphans := orphaned(row):
        parents = [name.partition(".")[0] for name in orphans]
        return {"not expressible": orphans + parents}
    spec = Spec.model_validate(options(row))
    found = {rule.id: _places(rule.keys) for rule in RULES if rule.broken(spec)}
    module, data = classes(row)
    if not isinstance(data, UserData):
        return found | {fault.message: ["train", "train_order"] for fault in data}
    for finding in code_findings(spec, module, data):
        found[finding.rule] = [*_places(finding.keys), *_CODE_PLACES]
    return found


def _places(keys: tuple[str, ...]) -> list[str]:
    """The options that the keys of a rule are about."""
    return [
        name
        for key in keys
        for name in VALUES
        if name == key or name.startswith(key + ".") or key.startswith(name + ".")
    ]


def mended(row: Row, kept: set[str], draw: random.Random) -> Row | None:
    """The combination with as little changed as makes it valid, None where that fails."""
    row = dict(row)
    for _ in range(80):
        found = broken(row)
        if not found:
            return row
        name = draw.choice(list(found))
        places = [place for place in found[name] if place not in kept]
        if not places:
            return None
        place = draw.choice(places)
        row[place] = 0 if draw.random() < 0.5 else draw.randrange(len(VALUES[place]))
    return None


def random_rows(number: int, seed: int) -> Iterator[Row]:
    """Valid combinations in which every option has a random value."""
    draw = random.Random(seed)
    while number:
        row = mended({n: draw.randrange(len(v)) for n, v in VALUES.items()}, set(), draw)
        if row is not None:
            number -= 1
            yield row


def default_row() -> Row:
    """The combination of all defaults."""
    return {name: 0 for name in VALUES}


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


def cover(seed: int = 0) -> tuple[list[Row], list[Pair]]:
    """Valid combinations that hold every pair which is not refused, and the refused pairs."""
    draw = random.Random(seed)
    left = dict.fromkeys(all_pairs())
    rows: list[Row] = []
    refused: list[Pair] = []
    order = list(left)
    draw.shuffle(order)
    for pair in order:
        if pair in left:
            row = completed(pair, left, draw)
            if row is None:
                refused.append(pair)
                del left[pair]
            else:
                rows.append(row)
                for covered in pairs_of(row):
                    left.pop(covered, None)
    return rows, refused


def completed(
    pair: Pair, left: Mapping[Pair, None], draw: random.Random, attempts: int = _HOPELESS
) -> Row | None:
    """A valid combination with the pair, and with many of the pairs that are left."""
    kept = {name for name, _ in pair}
    for attempt in range(attempts):
        row = dict(pair)
        names = [name for name in VALUES if name not in row]
        draw.shuffle(names)
        for name in names:
            row[name] = _best_value(name, row, left, draw) if attempt < 3 else 0
            if attempt >= 3 and draw.random() < 0.2:
                row[name] = draw.randrange(len(VALUES[name]))
        found = mended(row, kept, draw)
        if found is not None:
            return found
        if attempt == 0 and _names_a_rule(pair):
            return None
    return None


def _names_a_rule(pair: Pair) -> bool:
    """Whether the pair alone breaks a rule that is about its two options and no other."""
    row = default_row() | dict(pair)
    kept = {name for name, _ in pair}
    return any(set(places) <= kept for places in broken(row).values())


def _best_value(name: str, row: Row, left: Mapping[Pair, None], draw: random.Random) -> int:
    """The value that makes the most pairs which are left with those that are chosen."""

    def gain(place: int) -> float:
        mine = (name, place)
        items = row.items()
        return sum((min(mine, i), max(mine, i)) in left for i in items) + draw.random() / 2

    return max(range(len(VALUES[name])), key=gain)


_FILE = Path(__file__).with_name("pairs.txt")
_DIGITS = string.digits + string.ascii_lowercase


def write_pairs() -> None:
    """Write the cover to pairs.txt: making it takes minutes."""
    rows, _ = cover()
    lines = ["".join(_DIGITS[row[name]] for name in VALUES) for row in rows]
    _FILE.write_text("\n".join(lines) + "\n")


def read_pairs() -> list[Row]:
    """The combinations of pairs.txt."""
    lines = _FILE.read_text().splitlines()
    return [dict(zip(VALUES, map(_DIGITS.index, line), strict=True)) for line in lines]
