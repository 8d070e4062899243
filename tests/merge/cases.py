"""Edited files that meet a change of options, or another version of lgen."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from lgen.generate import runtime_sources
from lgen.render import Rendered
from tests.combinations.combine import Row
from tests.combinations.values import VALUES
from tests.merge.edits import (
    Edit,
    Lines,
    apply,
    changed_file,
    draw_edit,
    made,
    renamed,
    variables,
)
from tests.merge.oracle import right_results
from tests.merge.places import File, file_of, plain_file
from tests.merge.renders import files_of


@dataclass
class Case:
    """Three texts, and the texts that are right where the merge has no conflict."""

    title: str  # the file and what changes
    old: File
    new_file: File
    edits: list[Edit]
    mine: str
    right: list[str]

    @property
    def base(self) -> str:
        return self.old.text

    @property
    def new(self) -> str:
        return self.new_file.text


def case_of(pair: tuple[Row, Row], draw: random.Random, one_line: bool) -> Case | None:
    """A random edit of a file that the change of options changes too, None where there is none."""
    olds, news = files_of(pair[0]), files_of(pair[1])
    path = draw.choices(["train.py", "tests/test_train.py"], [9, 1])[0]
    if olds[path].text == news[path].text:
        return None
    if not one_line and draw.random() < 0.1:
        return _rename(path, pair, olds[path], news[path], draw)
    number = 1 if one_line else draw.choice([1, 1, 2, 3, 4])
    title = f"{path}, {changed_options(pair)}"
    return edited_case(title, file_of(olds[path]), file_of(news[path]), number, draw, one_line)


def edited_case(
    title: str, old: File, new: File, number: int, draw: random.Random, one_line: bool
) -> Case:
    """So many random edits of the old file, which meet the new one."""
    edits, changes = draw_edits(draw, old, number, 7100, one_line)
    mine = apply(old.text, changes)
    what = " + ".join(edit.kind for edit in edits)
    return Case(f"{title}: {what}", old, new, edits, mine, list(right_results(edits, old, new)))


def draw_edits(
    draw: random.Random, file: File, number: int, first: int, one_line: bool
) -> tuple[list[Edit], list[Lines]]:
    """So many edits at places apart from one another, with the lines that they change."""
    edits: list[Edit] = []
    changes: list[Lines] = []
    while len(edits) < number:
        edit = draw_edit(draw, file, first + len(edits), one_line)
        change = made(edit, file, file.by_key[edit.key])
        assert change is not None
        if not any(change[0] - 3 <= other[1] and other[0] - 3 <= change[1] for other in changes):
            edits.append(edit)
            changes.append(change)
    return edits, changes


def changed_options(pair: tuple[Row, Row]) -> str:
    """The options that differ, with both values."""
    old, new = pair
    return str({n: (VALUES[n][old[n]], VALUES[n][new[n]]) for n in VALUES if old[n] != new[n]})


def _rename(
    path: str, pair: tuple[Row, Row], old: Rendered, new: Rendered, draw: random.Random
) -> Case | None:
    function = draw.choice(["main", "validate", "training_loader", "test"])
    names = variables(old.text, function)
    if not names:
        return None
    name = draw.choice(names)
    mine = renamed(old.text, function, name, "renamed")
    if mine == old.text:
        return None
    right = renamed(new.text, function, name, "renamed")
    title = f"{path}, {changed_options(pair)}: rename of {name} in {function}"
    return Case(title, file_of(old), file_of(new), [], mine, [right])


def cases(pairs: list[tuple[Row, Row]], number: int, seed: int, one_line: bool) -> Iterator[Case]:
    """So many cases, of each pair of specs in turn."""
    draw = random.Random(seed)
    while number:
        for pair in pairs:
            case = case_of(pair, draw, one_line)
            if case is not None and number:
                number -= 1
                yield case


def version_cases(number: int, seed: int, one_line: bool) -> Iterator[Case]:
    """So many edits of runtime modules, which another version of lgen has changed as well."""
    draw = random.Random(seed)
    texts = {path: text for path, text in runtime_sources().items() if text.count("\n") > 40}
    for _ in range(number):
        path, text = draw.choice(list(texts.items()))
        old = plain_file(text)
        new = changed_file(old, *draw_edits(draw, old, draw.choice([1, 2]), 8100, False))
        yield edited_case(path, old, new, 1 if one_line else 2, draw, one_line)
