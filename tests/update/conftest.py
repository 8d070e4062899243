"""Projects that are made once and copied, and the command line in them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lgen.commands.init import Classes, init
from tests.cli.conftest import Lgen, Result, lgen, tree
from tests.support.projects import DATA, MODEL, OPTIONS, spec_text

__all__ = ["Edit", "Lgen", "Result", "lgen", "tree"]

Edit = Callable[[str, str, str], None]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that nobody has edited; tests copy it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "model.py").write_text(MODEL)
    (folder / "data.py").write_text(DATA)
    (folder / "lgen.yaml").write_text("# my spec\n" + spec_text(OPTIONS))
    assert not isinstance(init(folder, Classes(None, None), []), list)
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A copy of the project in the folder where `lgen` runs."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def edit(project: Path) -> Edit:
    """Replaces the one place of a file that reads so."""

    def replace(path: str, old: str, new: str) -> None:
        text = (project / path).read_text()
        assert text.count(old) == 1, (path, old)
        (project / path).write_text(text.replace(old, new))

    return replace
