"""Two branches that each ran lgen set and were merged by git: no base of no render is used."""

import json
from pathlib import Path

import pytest

from tests.update.conftest import Edit, Lgen, tree

STEP = "            optimizer.step()\n"


def test_base_is_rebuilt(lgen: Lgen, project: Path) -> None:
    """A base with another hash is what the recorded spec renders, where that has the hash."""
    base = project / ".lgen/base/train.py"
    sound = base.read_text()
    base.write_text(sound.replace(STEP, ""))
    result = lgen("set", "gradient_clip_val=0.5")
    assert result.code == 0 and "rebuilt   .lgen/base/train.py\n" in result.out
    assert STEP in (project / "train.py").read_text()
    assert lgen("set", "gradient_clip_val=null").code == 0
    assert base.read_text() == sound == (project / "train.py").read_text()


def test_base_that_is_missing_is_rebuilt(lgen: Lgen, project: Path) -> None:
    sound = tree(project)
    (project / ".lgen/base/train.py").unlink()
    assert lgen("update").code == 0
    assert tree(project) == sound


def test_base_of_the_merged_spec_with_the_hash_of_one_side(lgen: Lgen, project: Path) -> None:
    """Base and recorded spec agree; only the hash is of one of the branches."""
    manifest = project / ".lgen/manifest.json"
    before = json.loads(manifest.read_text())
    lgen("set", "gradient_clip_val=0.5")
    sound = manifest.read_text()
    manifest.write_text(json.dumps(before))
    assert lgen("update").code == 0
    assert manifest.read_text() == sound


def test_base_that_nothing_renders_is_refused(lgen: Lgen, project: Path, edit: Edit) -> None:
    """The recorded spec does not give it either; with --rebuild what it gives is the base."""
    edit("train.py", STEP, STEP + '            print("mine")\n')
    edit(".lgen/lgen.yaml", "batch_size: 4", "batch_size: 5")
    edit(".lgen/base/train.py", STEP, "")
    before = tree(project)
    result = lgen("set", "gradient_clip_val=0.5")
    assert result.code == 2
    assert result.err.startswith(".lgen/base/train.py: this is not what lgen wrote (merged by")
    assert "`lgen update --rebuild`" in result.err
    assert tree(project) == before
    result = lgen("update", "--rebuild")
    text = (project / "train.py").read_text()
    assert result.code == 0 and STEP in text and 'print("mine")' in text
    assert "batch_size: int = 4" in text


@pytest.mark.parametrize("path", [".lgen/manifest.json", "lgen.yaml"])
def test_conflict_markers_of_git(lgen: Lgen, project: Path, path: str) -> None:
    """In what lgen reads they are refused in a line that says so."""
    text = (project / path).read_text()
    (project / path).write_text(f"<<<<<<< HEAD\n{text}=======\n>>>>>>> other\n")
    before = tree(project)
    result = lgen("update")
    assert result.code in (1, 2) and result.err.count("\n") == 1
    assert result.err.startswith(f"{path}: ") and "conflict" in result.err
    assert tree(project) == before
