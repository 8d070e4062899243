"""lgen eject: the project forgets lgen, and runs on."""

import shutil
from pathlib import Path

import pytest

from lgen.lgen_folder import SCHEMA_LINE
from tests.update.conftest import Lgen, tree


def test_only_lgens_own_goes(lgen: Lgen, project: Path) -> None:
    """.lgen, and the line of the spec that names a file in it."""
    before = tree(project)
    spec = (project / "lgen.yaml").read_text()
    (project / "lgen.yaml").write_text(SCHEMA_LINE + spec)
    result = lgen("eject", "--yes")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Removed .lgen. All other files stay as they are")
    assert tree(project) == {path: data for path, data in before.items() if path[:5] != ".lgen"}
    assert lgen("update").code == 2


def test_asks_first(lgen: Lgen, project: Path) -> None:
    """Without a terminal it wants --yes."""
    before = tree(project)
    result = lgen("eject")
    assert result.code == 2 and "--yes" in result.err
    assert tree(project) == before


def test_folder_without_a_project(lgen: Lgen, project: Path) -> None:
    shutil.rmtree(project / ".lgen")
    result = lgen("eject", "--yes")
    assert (result.code, result.err) == (
        2,
        ".lgen: there is none here, so lgen has nothing to forget\n",
    )


@pytest.mark.parametrize("text", ["{", '{"format": 99}'])
def test_project_that_cannot_be_read(lgen: Lgen, project: Path, text: str) -> None:
    """It can be left behind all the same."""
    (project / ".lgen/manifest.json").write_text(text)
    assert lgen("eject", "--yes").code == 0
    assert not (project / ".lgen").exists()
