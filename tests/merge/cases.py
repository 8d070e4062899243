"""Edited files that meet a change of options, and what became of them."""

from __future__ import annotations

import random
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from lgen.merge import Merged, merge
from lgen.merge.lines import merge_lines
from lgen.render import Rendered
from tests.combinations.combine import Row
from tests.merge.edits import Edit, apply, draw_edit, made, renamed, variables
from tests.merge.oracle import meaning, right_results
from tests.merge.places import file_of
from tests.merge.renders import files_of


@dataclass
class Case:
    """Three texts, and the texts that are right where the merge has no conflict."""

    path: str
    rows: tuple[Row, Row]
    edits: list[Edit]
    what: str
    base: str
    mine: str
    new: str
    right: list[str] = field(default_factory=list)

    @property
    def is_one_line(self) -> bool:
        return len(self.edits) == 1 and self.edits[0].is_one_line


def case_of(pair: tuple[Row, Row], draw: random.Random, one_line: bool) -> Case | None:
    """A random edit of a file that the change of options changes too, None where there is none."""
    olds, news = files_of(pair[0]), files_of(pair[1])
    path = draw.choices(["train.py", "tests/test_train.py"], [9, 1])[0]
    if olds[path].text == news[path].text:
        return None
    if not one_line and draw.random() < 0.1:
        return _rename(path, pair, olds[path], news[path], draw)
    old, new = file_of(olds[path]), file_of(news[path])
    edits: list[Edit] = []
    number = 1 if one_line else draw.choice([1, 1, 2, 3, 4])
    changes = []
    while len(edits) < number:
        edit = draw_edit(draw, old, 7100 + len(edits), one_line)
        change = made(edit, old, old.by_key[edit.key])
        assert change is not None
        if any(change[0] - 3 <= other[1] and other[0] - 3 <= change[1] for other in changes):
            continue
        edits.append(edit)
        changes.append(change)
    mine = apply(old.text, changes)
    what = " + ".join(edit.kind for edit in edits)
    right = list(right_results(edits, old, new))
    return Case(path, pair, edits, what, old.text, mine, new.text, right)


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
    return Case(path, pair, [], "rename", old.text, mine, new.text, [right])


@dataclass
class Tally:
    """How many cases, and in how many each kind of merge has a conflict."""

    cases: int = 0
    git: int = 0
    lines: int = 0
    ours: int = 0
    git_wrong: int = 0
    wrong: list[tuple[Case, str]] = field(default_factory=list)

    def add(self, case: Case) -> Merged:
        """Merge the case in every way."""
        self.cases += 1
        merged = merge(case.base, case.mine, case.new, python=True)
        if merged.conflicts:
            self.ours += 1
        if not is_right(case, merged):
            self.wrong.append((case, merged.text))
        texts = [text.split("\n") for text in (case.base, case.mine, case.new)]
        self.lines += merge_lines(*texts, ("yours", "lgen"))[1] > 0
        by_git = git_merge(case)
        self.git += by_git.conflicts > 0
        self.git_wrong += not by_git.conflicts and not is_right(case, by_git)
        return merged

    def include(self, other: Tally) -> None:
        """Count the cases of another tally as well."""
        self.cases += other.cases
        self.git += other.git
        self.lines += other.lines
        self.ours += other.ours
        self.git_wrong += other.git_wrong
        self.wrong += other.wrong

    def row(self, name: str) -> str:
        """A line of the table."""
        shares = (
            f"{100 * n / max(self.cases, 1):5.1f} %" for n in (self.git, self.lines, self.ours)
        )
        wrong = f"{self.git_wrong} / {len(self.wrong)}"
        return f"| {name:15} | {self.cases:6} | {' | '.join(shares)} | {wrong:17} |"


HEAD = """\
| edits           |  cases | git     | lines   | lgen    | wrong: git / lgen |
|-----------------|--------|---------|---------|---------|-------------------|"""


def is_right(case: Case, merged: Merged) -> bool:
    """Whether the merge is what the origin map says, or has a conflict and holds every edit."""
    if merged.conflicts:
        return _holds_the_rest(case, merged.text)
    if merged.text in case.right:
        return True
    try:
        found = meaning(merged.text)
    except SyntaxError:
        return False
    return any(found == meaning(text) for text in case.right)


def _holds_the_rest(case: Case, text: str) -> bool:
    """Whether the edits that are in no conflict are at their places, and no edit is lost."""
    if any(str(e.number) not in text for e in case.edits if e.kind != "delete"):
        return False
    resolved = re.sub(r"<{7} yours\n(.*\n)*?={7}\n((?:.*\n)*?)>{7} (lgen|.*new)\n", r"\2", text)
    if "\n<<<<<<<" in resolved:
        return False
    if not case.edits:
        return True
    try:
        found = meaning(resolved)
    except SyntaxError:
        return False
    kept = [e for e in case.edits if str(e.number) in resolved and e.kind != "delete"]
    deletions = [e for e in case.edits if e.kind == "delete"]
    old, new = file_of(files_of(case.rows[0])[case.path]), file_of(
        files_of(case.rows[1])[case.path]
    )
    return any(
        found == meaning(right)
        for number in range(len(deletions) + 1)
        for some in combinations(deletions, number)
        for right in right_results([*kept, *some], old, new)
    )


def git_merge(case: Case) -> Merged:
    """What git merge-file makes of it."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name in ("mine", "base", "new"):
            paths.append(Path(folder, name))
            paths[-1].write_text(getattr(case, name))
        done = subprocess.run(
            [
                "git",
                "merge-file",
                "-p",
                "-L",
                "yours",
                "-L",
                "base",
                "-L",
                "lgen",
                *map(str, paths),
            ],
            capture_output=True,
            text=True,
        )
    return Merged(done.stdout, done.returncode)


def cases(pairs: list[tuple[Row, Row]], number: int, seed: int, one_line: bool) -> Iterator[Case]:
    """So many cases, of each pair of specs in turn."""
    draw = random.Random(seed)
    while number:
        for pair in pairs:
            case = case_of(pair, draw, one_line)
            if case is not None and number:
                number -= 1
                yield case
