"""How often copier's update conflicts, or puts an edit into the wrong place, beside lgen's.

python -m tests.benchmarks.copier_update [CASES]
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from copier import run_copy, run_update

from lgen.merge import Merged
from tests.merge.cases import Case, cases
from tests.merge.renders import pairs
from tests.merge.tally import Tally, is_right

SEED = 20260304
QUESTIONS = """\
_templates_suffix: .jinja
_exclude: [copier.yml, .git]
which: {type: str, default: old}
"""
# the answer decides which of the two texts is rendered
TEMPLATE = "{%% if which == 'old' %%}{%% raw %%}%s{%% endraw %%}{%% else %%}{%% raw %%}%s{%% endraw %%}{%% endif %%}"  # noqa: E501


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody."""
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def committed(folder: Path) -> None:
    """Commit all that the folder holds."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "state")


def by_copier(case: Case) -> Merged:
    """What `copier update` with another answer makes of the edited file."""
    with tempfile.TemporaryDirectory() as name:
        template, project = Path(name, "template"), Path(name, "project")
        template.mkdir()
        (template / "copier.yml").write_text(QUESTIONS)
        (template / "file.py.jinja").write_text(TEMPLATE % (case.base, case.new))
        answers = "{{ _copier_answers|to_nice_yaml }}"
        (template / "{{ _copier_conf.answers_file }}.jinja").write_text(answers)
        committed(template)
        git(template, "tag", "v1")
        run_copy(str(template), project, data={"which": "old"}, defaults=True, quiet=True)
        file = project / "file.py"
        assert file.read_text() == case.base
        committed(project)
        file.write_text(case.mine)
        committed(project)
        run_update(project, data={"which": "new"}, defaults=True, overwrite=True, quiet=True)
        text = file.read_text()
        return Merged(text, text.count("<<<<<<< before updating"))


def sample(number: int) -> Iterator[Case]:
    """The fixed cases: six of ten are edits of one line."""
    changes = pairs(1000, SEED)
    yield from islice(cases(changes, number, SEED, one_line=True), number * 6 // 10)
    yield from islice(cases(changes, number, SEED, one_line=False), number - number * 6 // 10)


def main(number: int = 200) -> None:
    """Print the shares as a table."""
    tally = Tally()
    conflicts = wrong = 0
    for case in sample(number):
        tally.add(case)
        merged = by_copier(case)
        conflicts += merged.conflicts > 0
        wrong += not merged.conflicts and not is_right(case, merged)
    print(f"{number} cases, seed {SEED}")
    print("| merge | conflicts | wrong |\n|---|---|---|")
    print(f"| copier update | {100 * conflicts / number:.1f} % | {wrong} |")
    print(f"| git merge-file | {100 * tally.git / number:.1f} % | {tally.git_wrong} |")
    print(f"| lgen update | {100 * tally.ours / number:.1f} % | {len(tally.wrong)} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
