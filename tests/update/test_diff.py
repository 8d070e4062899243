"""lgen diff: what an update or an option would change, and what the user has changed."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.update.conftest import Edit, Lgen, tree

STEP = "            optimizer.step()\n"
PRINT = '            print("mine")\n'


def test_nothing_differs(lgen: Lgen, project: Path) -> None:
    for arguments in (["diff"], ["diff", "--mine"], ["diff", "--set", "batch_size=4"]):
        result = lgen(*arguments)
        assert (result.code, result.out, result.err) == (0, "", "")


def test_what_update_would_change(lgen: Lgen, project: Path, edit: Edit) -> None:
    """A patch that, applied to the files as they are, is the update; and nothing is written."""
    edit("train.py", STEP, STEP + PRINT)
    edit("lgen.yaml", "batch_size: 4\n", "batch_size: 8\nstrategy: ddp\n")
    before = tree(project)
    result = lgen("diff")
    assert (result.code, result.err) == (0, "")
    assert "--- a/train.py\n+++ b/train.py\n" in result.out
    assert "--- /dev/null\n+++ b/launch.sh\n" in result.out
    assert "+++ /dev/null\n" in result.out
    assert "mine" not in "".join(x for x in result.out.splitlines() if x[:1] in "+-")
    assert tree(project) == before
    assert lgen("update").code == 0
    updated = {path: data for path, data in tree(project).items() if path[:5] != ".lgen"}
    assert lgen("set", "batch_size=4", "strategy=single").code == 0
    subprocess.run(["patch", "-s", "-p1"], input=result.out, text=True, cwd=project, check=True)
    after = {path: data for path, data in tree(project).items() if path[:5] != ".lgen"}
    assert {**after, "lgen.yaml": b""} == {**updated, "lgen.yaml": b""}


def test_what_an_option_would_change(lgen: Lgen, project: Path) -> None:
    before = tree(project)
    result = lgen("diff", "--set", "gradient_clip_val=0.5")
    assert result.code == 0
    assert (
        "+gradient_clip_val: 0.5\n" in result.out and "+    gradient_clip_val: float" in result.out
    )
    assert tree(project) == before
    assert lgen("diff", "--set", "gradient_clip_val=-1").code == 2


def test_only_the_files_that_are_named(lgen: Lgen, project: Path) -> None:
    option = ["--set", "strategy=ddp"]
    files = [x for x in lgen("diff", "launch.sh", *option).out.splitlines() if x[:4] == "+++ "]
    assert files == ["+++ b/launch.sh"]
    files = [x for x in lgen("diff", "./runtime/", *option).out.splitlines() if x[:4] == "+++ "]
    assert files and all(name.startswith(("+++ b/runtime/", "+++ /dev/null")) for name in files)


def test_what_the_user_has_changed(lgen: Lgen, project: Path, edit: Edit) -> None:
    """Against the base, whatever the spec says now."""
    edit("train.py", STEP, STEP + PRINT)
    edit("lgen.yaml", "batch_size: 4\n", "batch_size: 8\n")
    (project / "README.md").unlink()
    (project / "pyproject.toml").write_bytes(b"\xff")
    result = lgen("diff", "--mine")
    assert result.code == 0
    assert f"+{PRINT}" in result.out
    assert "--- a/README.md\n+++ /dev/null\n" in result.out
    assert "# pyproject.toml:1: this is no UTF-8 text" in result.out
    assert "batch_size" not in "".join(x for x in result.out.splitlines() if x[:1] == "+")


def test_last_line_without_an_end(lgen: Lgen, project: Path) -> None:
    """As git shows it."""
    train = project / "train.py"
    train.write_text(train.read_text().rstrip("\n"))
    lines = lgen("diff", "--mine").out.splitlines()
    assert lines[-1] == "\\ No newline at end of file" and lines[-2][1:] == lines[-3][1:]


def test_mine_and_set_exclude_each_other(lgen: Lgen, project: Path) -> None:
    assert lgen("diff", "--mine", "--set", "seed=1").code == 2


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_a_terminal(
    project: Path, environment: dict[str, str], coloured: bool
) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "lgen", "diff", "--set", "seed=1", "lgen.yaml"]
    clean = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    subprocess.run(
        command, cwd=project, stdout=follower, check=True, timeout=60, env={**clean, **environment}
    )
    os.close(follower)
    shown = os.read(leader, 100_000)
    os.close(leader)
    assert (b"\x1b[32m+seed: 1\x1b[m" in shown) == coloured
    assert b"+seed: 1" in shown
