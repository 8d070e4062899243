"""What becomes of edited files, in how many cases."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from lgen.merge import Merged, merge
from lgen.merge.lines import merge_lines
from tests.merge.cases import Case
from tests.merge.oracle import meaning, right_results

HEAD = """\
| edits           |  cases | git     | lines   | lgen    | wrong: git / lgen |
|-----------------|--------|---------|---------|---------|-------------------|"""


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
    return any(
        found == meaning(right)
        for number in range(len(deletions) + 1)
        for some in combinations(deletions, number)
        for right in right_results([*kept, *some], case.old, case.new_file)
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
