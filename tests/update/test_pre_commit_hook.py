"""The hook that .pre-commit-hooks.yaml offers."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.update.conftest import Lgen

HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


@pytest.fixture
def hook() -> dict[str, Any]:
    """The only hook."""
    [found] = YAML(typ="safe").load(HOOKS)
    assert isinstance(found, dict)
    return found


def test_runs_check(lgen: Lgen, project: Path, hook: dict[str, Any]) -> None:
    """Its entry is a command line that passes in a project and fails where it is stale."""
    program, *arguments = hook["entry"].split()
    assert program == "lgen" and hook["pass_filenames"] is False
    assert lgen(*arguments).code == 0
    with (project / "lgen.yaml").open("a") as file:
        file.write("seed: 7\n")
    assert lgen(*arguments).code == 1


def test_project_in_a_folder(
    lgen: Lgen, project: Path, hook: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder may be given."""
    monkeypatch.chdir(project.parent)
    assert lgen(*hook["entry"].split()[1:], project.name).code == 0


def test_looks_at_what_check_looks_at(project: Path, hook: dict[str, Any]) -> None:
    """Any change that lgen reads starts it, and pre-commit knows all the keys."""
    keys = {"id", "name", "description", "entry", "language", "files", "pass_filenames"}
    assert hook.keys() == keys
    for path in ("lgen.yaml", "a/lgen.yaml", "model.py", ".lgen/manifest.json", "a/.lgen/base/x"):
        assert re.search(hook["files"], path), path
    assert not re.search(hook["files"], "notes.md")


def test_lgen_is_what_is_installed() -> None:
    """The command of the entry is the one that this package brings."""
    assert 'lgen = "lgen.cli:run"' in (HOOKS.parent / "pyproject.toml").read_text()
