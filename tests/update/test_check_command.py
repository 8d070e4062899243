"""lgen check: the states of a project, for CI."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.update.conftest import Edit, Lgen, tree

STEP = "            optimizer.step()\n"


def states(lgen: Lgen, code: int) -> dict[str, str]:
    """By path, the states that check reports as JSON; the text says the same."""
    result = lgen("check", "--json")
    assert (result.code, result.err) == (code, "")
    found = json.loads(result.out)
    assert found["drift"] == (code == 1)
    text = lgen("check")
    assert text.code == code
    rows = [f"{row['state']:14}{row['path']}: {row['why']}" for row in found["files"]]
    assert text.out.splitlines() == (rows or ["in sync"])
    return {row["path"]: row["state"] for row in found["files"]}


def test_in_sync(lgen: Lgen, project: Path) -> None:
    before = tree(project)
    assert states(lgen, 0) == {}
    assert tree(project) == before


def test_in_sync_where_it_is_cloned(lgen: Lgen, project: Path, tmp_path: Path) -> None:
    """Through git, and moved to another folder."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], cwd=project, check=True)
    subprocess.run([*git, "clone", "-q", ".", "clone"], cwd=project, check=True)
    for path in project.iterdir():
        if path.name != "clone":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (project / "clone").iterdir():
        path.rename(project / path.name)
    assert states(lgen, 0) == {}


def test_edited(lgen: Lgen, project: Path, edit: Edit) -> None:
    """An edit or a deletion is no drift."""
    edit("train.py", STEP, STEP + '            print("mine")\n')
    (project / "README.md").unlink()
    assert states(lgen, 0) == {"train.py": "edited", "README.md": "edited"}


def test_edited_and_no_longer_needed(lgen: Lgen, project: Path) -> None:
    lgen("set", "strategy=ddp")
    (project / "launch.sh").write_text("mine\n")
    lgen("set", "strategy=single")
    assert states(lgen, 0) == {"launch.sh": "edited"}


def test_stale(lgen: Lgen, project: Path, edit: Edit) -> None:
    """The spec has changed since; which option is said."""
    edit("lgen.yaml", "lr: 0.01", "lr: 0.1")
    assert states(lgen, 1)["train.py"] == "stale"
    assert "lgen.yaml has changed since (optimizer.lr); lgen update\n" in lgen("check").out
    lgen("update")
    assert states(lgen, 0) == {}


def test_comment_in_the_spec_is_no_drift(lgen: Lgen, project: Path) -> None:
    with (project / "lgen.yaml").open("a") as file:
        file.write("# a note\n")
    assert states(lgen, 0) == {}


def test_stale_by_another_lgen(lgen: Lgen, project: Path, edit: Edit) -> None:
    """What an older lgen wrote and this one writes differently."""
    other_lgen_wrote(project, "README.md", "older\n")
    assert states(lgen, 1) == {"README.md": "stale"}
    assert "README.md: lgen 0.0.1 wrote it, this is " in lgen("check").out


def other_lgen_wrote(project: Path, path: str, text: str) -> None:
    """Make the project one in which lgen 0.0.1 wrote this text."""
    from hashlib import sha256

    for file in (project / path, project / ".lgen/base" / path):
        file.write_text(text)
    manifest = json.loads((project / ".lgen/manifest.json").read_text())
    manifest["lgen"] = "0.0.1"
    manifest["files"][path] = sha256(text.encode()).hexdigest()
    (project / ".lgen/manifest.json").write_text(json.dumps(manifest))


def test_model_changed(lgen: Lgen, project: Path, edit: Edit) -> None:
    """A step takes another argument, which the script has to give."""
    edit("model.py", "def test_step(self, batch: ", "def test_step(self, batch_idx: int, batch: ")
    assert states(lgen, 1) == {"train.py": "model changed"}
    assert "model.test_step(batch)" in (project / "train.py").read_text()
    assert lgen("update").code == 0
    assert "model.test_step(batch_idx, batch)" in (project / "train.py").read_text()
    assert states(lgen, 0) == {}


def test_change_of_the_model_that_matters_to_nothing(lgen: Lgen, project: Path, edit: Edit) -> None:
    edit("model.py", "self.norm(x).relu()", "self.norm(x).tanh()")
    assert states(lgen, 0) == {}


def test_conflict(lgen: Lgen, project: Path, edit: Edit) -> None:
    edit("train.py", "batch_size: int = 4", "batch_size: int = 5")
    (project / "launch.sh").write_text("mine\n")
    assert lgen("set", "batch_size=6", "strategy=ddp").code == 1
    assert states(lgen, 1) == {"train.py": "conflict", "launch.sh": "conflict"}


def test_base_of_no_render(lgen: Lgen, project: Path, edit: Edit) -> None:
    edit(".lgen/lgen.yaml", "batch_size: 4", "batch_size: 5")
    edit(".lgen/base/train.py", STEP, "")
    assert states(lgen, 1) == {".lgen/base/train.py": "conflict"}


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_faults_of_the_spec(lgen: Lgen, project: Path, edit: Edit, arguments: list[str]) -> None:
    """Exit 2, in JSON too."""
    edit("lgen.yaml", "batch_size: 4", "batch_size: four")
    result = lgen("check", *arguments)
    assert result.code == 2
    if arguments:
        [fault] = json.loads(result.out)["faults"]
        assert (fault["file"], fault["line"]) == ("lgen.yaml", 3)
    else:
        assert result.err.startswith("lgen.yaml:3: batch_size is ")
