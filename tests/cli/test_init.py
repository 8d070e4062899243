"""lgen init: the generated files around the user's own."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Lgen, tree
from tests.support.projects import MODEL

TEMPLATES = Path(__file__).parents[2] / "templates"


def test_writes_around_the_users_files(lgen: Lgen, users_files: Path) -> None:
    """train.py, runtime/ and the rest appear; what was there is the same to the byte."""
    before = tree(users_files)
    result = lgen("init")
    assert (result.code, result.err) == (0, "")
    after = tree(users_files)
    assert {path: after[path] for path in before} == before
    assert {"train.py", "runtime/__init__.py", "tests/test_train.py"} <= after.keys()
    assert ".lgen/base/train.py" in after


def test_keeps_readme_pyproject_and_tests(lgen: Lgen, users_files: Path) -> None:
    """Existing ones stay, are no base of a later merge, and the requirements are printed."""
    (users_files / "tests").mkdir()
    for path in ("README.md", "pyproject.toml", "tests/test_train.py", "tests/test_mine.py"):
        (users_files / path).write_text("# mine\n")
    before = tree(users_files)
    result = lgen("init")
    assert result.code == 0
    after = tree(users_files)
    assert {path: after[path] for path in before} == before
    manifest = json.loads((users_files / ".lgen/manifest.json").read_text())
    assert manifest["kept"] == ["README.md", "pyproject.toml", "tests/test_train.py"]
    assert not set(manifest["kept"]) & manifest["files"].keys()
    assert "README.md, pyproject.toml, tests/test_train.py" in result.out
    assert "torch>=" in result.out
    template = (TEMPLATES / "project/pyproject.toml").read_text()
    advice = [line.strip() for line in result.out.splitlines() if "exclude" in line]
    assert len(advice) == 2 and set(advice) <= set(template.splitlines())


@pytest.mark.parametrize("path", ["train.py", "runtime/mine.py", "runtime", "tests", ".lgen/x"])
def test_refuses_what_it_would_overwrite(lgen: Lgen, users_files: Path, path: str) -> None:
    """A train.py, a runtime folder that is used, or a former project: nothing is written."""
    (users_files / path).parent.mkdir(exist_ok=True)
    (users_files / path).write_text("mine\n")
    before = tree(users_files)
    result = lgen("init")
    assert result.code == 2
    assert path.partition("/")[0] in result.err
    assert tree(users_files) == before


def test_link_that_leads_elsewhere_is_refused(
    lgen: Lgen, users_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing is written through a link, also one to an empty folder."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (users_files / "runtime").symlink_to(elsewhere)
    assert lgen("init").code == 2
    assert list(elsewhere.iterdir()) == []


def test_writes_a_first_spec(lgen: Lgen, users_files: Path) -> None:
    """Without a spec the classes of the command line make one."""
    (users_files / "lgen.yaml").unlink()
    arguments = ["--module", "model.py:Net", "--data", "data.py:Points", "--set", "batch_size=8"]
    result = lgen("init", *arguments)
    assert (result.code, result.err) == (0, "")
    spec = (users_files / "lgen.yaml").read_text()
    assert spec.startswith("# yaml-language-server: $schema=.lgen/schema.json\n")
    assert "module: model.py:Net\n" in spec and "batch_size: 8" in spec
    assert "AdamW" in (users_files / "train.py").read_text()


def test_first_spec_leaves_the_optimizer_to_the_module(lgen: Lgen, users_files: Path) -> None:
    """A module with configure_optimizers gets a spec without an optimizer."""
    (users_files / "lgen.yaml").unlink()
    method = (
        "\n    def configure_optimizers(self) -> torch.optim.Optimizer:\n"
        "        return torch.optim.SGD(self.parameters(), lr=0.1)\n"
    )
    (users_files / "model.py").write_text(MODEL + method)
    assert lgen("init", "--module", "model.py:Net", "--data", "data.py:Points").code == 0
    assert "optimizer:" not in (users_files / "lgen.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--module model.py:Net --data data.py:Data"),
        (["--module", "model.py:Net"], "--data"),
        (["--module", "model.py", "--data", "data.py:Points"], "--module model.py"),
        (["--module", "model.py:Nett", "--data", "data.py:Points"], "Net"),
        (["--module", "../model.py:Net", "--data", "data.py:Points"], "../model.py"),
        (["--module", "gone.py:Net", "--data", "data.py:Points"], "gone.py"),
    ],
)
def test_first_spec_needs_classes(
    lgen: Lgen, users_files: Path, arguments: list[str], said: str
) -> None:
    """Without classes that are there, the line says what to write, and nothing is written."""
    (users_files / "lgen.yaml").unlink()
    before = tree(users_files)
    result = lgen("init", *arguments)
    assert result.code == 2
    assert said in result.err
    assert tree(users_files) == before


def test_set_changes_the_spec_and_keeps_its_comments(lgen: Lgen, users_files: Path) -> None:
    """--set writes into the user's spec, comments kept."""
    spec = users_files / "lgen.yaml"
    spec.write_text("# ours\n" + spec.read_text())
    assert lgen("init", "--set", "batch_size=9").code == 0
    assert spec.read_text().startswith("# ours\n")
    assert "batch_size: 9" in spec.read_text()
    assert "batch_size: int = 9" in (users_files / "train.py").read_text()


def test_set_that_fails_leaves_the_spec(lgen: Lgen, users_files: Path) -> None:
    """A value that cannot be changes neither the spec nor anything else."""
    before = tree(users_files)
    assert lgen("init", "--set", "batch_size=0").code == 2
    assert tree(users_files) == before
