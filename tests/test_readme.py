"""What the README quotes is what lgen does."""

import ast
import re
import sys
from pathlib import Path

from lgen.spec.describe import options
from lgen.user_code.hooks import HOOKS, UNSUPPORTED
from tests.support.commands import run

ROOT = Path(__file__).parents[1]
START = "<!-- options: written by pytest --rewrite -->\n"
END = "<!-- end of options -->"


def option_tables() -> str:
    """The options by group, as Markdown tables."""
    lines: list[str] = []
    group = None
    for row in options():
        if row.group != group:
            group = row.group
            lines += ["", f"**{group}**", "", "| option | type | default | |", "|---|---|---|---|"]
        default = "required" if row.default is None else f"`{row.default}`"
        cells = [f"`{row.name}`", f"`{row.type}`", default, row.doc]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines[1:], "", ""])


def test_option_reference_follows_the_spec(rewrite: bool) -> None:
    """The tables of options are those of the spec's model."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    start, end = text.index(START) + len(START), text.index(END)
    if rewrite:
        readme.write_text(text[:start] + option_tables() + text[end:], encoding="utf-8")
    else:
        assert text[start:end] == option_tables()


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """The commands of .ci/run are those of the README's line, one after the other."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^python3 -m venv .*pytest.*$", readme, re.MULTILINE)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert [command for command in line.split(" && ") if command not in script] == []


def test_excerpt_is_of_the_example() -> None:
    """The loop that the README shows stands in the script of examples/digits-ddp."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    excerpt = readme.split("```python\n")[1].split("```")[0]
    script = (ROOT / "examples" / "digits-ddp" / "train.py").read_text(encoding="utf-8")
    assert excerpt in script


def test_story_prints_what_the_readme_shows(rewrite: bool, tmp_path: Path) -> None:
    """The commands of the story, in the new project with the lines of the quickstart."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    shown = text.split("```console\n")[1].split("```")[0]
    (edit,) = re.findall(r"```python\n( +if batch_idx == 0:.*?\n)```", text, re.DOTALL)
    run([sys.executable, "-m", "lgen", "new", "digits", "--defaults"], tmp_path, 60)
    train = tmp_path / "digits" / "train.py"
    script = train.read_text(encoding="utf-8")
    loss = '            loss = outputs["loss"]\n'
    assert script.count(loss) == 1
    train.write_text(script.replace(loss, loss + edit), encoding="utf-8")
    printed = ""
    for command in re.findall(r"^\$ (lgen .*)$", shown, re.MULTILINE):
        arguments = command.split()[1:]
        said = run([sys.executable, "-m", "lgen", *arguments], tmp_path / "digits", 60)
        printed += f"$ {command}\n{said}"
    if rewrite:
        readme.write_text(text.replace(shown, printed), encoding="utf-8")
    else:
        assert printed == shown


def test_lightnings_list_names_options_and_tests_that_there_are() -> None:
    """Each row has an option of the spec and a test in a file of tests/, or says `not yet`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## Lightning's list\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split("|") for line in section.splitlines() if line[:2] == "| "][1:]
    known = {row.name for row in options()}
    assert len(rows) == 36
    for name, given, *shown in rows:
        if given.strip() == "not yet":
            continue
        named = re.findall(r"`([^`]+)`", given)
        assert named and set(named) <= known, name
        tests = [path.strip() for path in "".join(shown).split(",")]
        for path in tests:
            file, _, function = path.partition("::")
            tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
            there = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
            assert function in there, path


def test_every_hook_is_listed_as_called_or_refused() -> None:
    """`<stage>` stands for the three of an evaluation."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table, refused = text.split("| hook | may name | |\n")[1].split("\nRefused, because ")
    called = "\n".join(line.split("|")[1] for line in table.splitlines()[1:])
    assert expanded(called) == HOOKS.keys()
    assert expanded(refused.split("\n\n")[0]) == UNSUPPORTED.keys()


def expanded(text: str) -> set[str]:
    """The names in backticks, each for every stage where it has one."""
    stages = ("validation", "test", "predict")
    names = re.findall(r"`([^`]+)`", text)
    return {name.replace("<stage>", stage) for name in names for stage in stages}
