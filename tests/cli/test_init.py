"""lgen init: the generated files around the user's own."""

import json
import os
import pty
import random
import select
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lgen import durable
from tests.cli.conftest import Lgen, tree
from tests.support.commands import run
from tests.support.killed_lgen import failed_at, killed_at
from tests.support.projects import DATA, MODEL

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


def test_first_spec_ends_by_steps_where_these_are_given(lgen: Lgen, users_files: Path) -> None:
    """--set max_steps=30 is the length of the run, with no epochs beside it."""
    (users_files / "lgen.yaml").unlink()
    classes = ["--module", "model.py:Net", "--data", "data.py:Points"]
    assert lgen("init", *classes, "--set", "max_steps=30").code == 0
    spec = (users_files / "lgen.yaml").read_text()
    assert "max_steps: 30" in spec and "max_epochs" not in spec


def test_first_spec_leaves_the_optimizer_to_the_blocks(lgen: Lgen, users_files: Path) -> None:
    """With --set optimizers=... there is no other optimizer."""
    (users_files / "lgen.yaml").unlink()
    blocks = (
        "optimizers={all: {step: training_step, parameters: [enter, blocks, leave], "
        "optimizer: {name: SGD, lr: 0.1}}}"
    )
    result = lgen("init", "--module", "model.py:Net", "--data", "data.py:Points", "--set", blocks)
    assert (result.code, result.err) == (0, "")
    assert "AdamW" not in (users_files / "lgen.yaml").read_text()


LOADER = """\
    def train_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        return DataLoader(Noisy(samples(self.number, 1)), 4, shuffle=True)
"""
STREAM = """\
    def train_dataset(self) -> Stream:
        return Stream()
"""
STREAM_CLASS = """\


class Stream(IterableDataset[tuple[Tensor, ...]]):
    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        return iter(samples(53, 1)){state}
"""
STATE = """

    def state_dict(self) -> dict[str, int]:
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        pass
"""


def test_own_loader_gets_tests_that_pass(lgen: Lgen, users_files: Path) -> None:
    """A plain DataLoader starts its epoch again, so no test says that a resumed run is the same."""
    data = DATA.replace("import Dataset,", "import DataLoader, Dataset,")
    start, end = data.index("    def train_dataset"), data.index("\n    def val_dataset")
    (users_files / "data.py").write_text(data[:start] + LOADER + data[end:])
    assert lgen("init").code == 0
    run([sys.executable, "-m", "pytest", "-q", "tests"], users_files, 120)
    assert "resume" not in (users_files / "tests/test_train.py").read_text()


@pytest.mark.parametrize(("state", "resumes"), [("", False), (STATE, True)])
def test_stream_is_tested_for_what_it_can(
    lgen: Lgen, users_files: Path, state: str, resumes: bool
) -> None:
    """That a resumed run is the same is tested of a stream with a state, and of no other."""
    data = DATA.replace("import Dataset,", "import Dataset, IterableDataset,")
    data = "from collections.abc import Iterator\n\n" + data
    start, end = data.index("    def train_dataset"), data.index("\n    def val_dataset")
    stream = STREAM_CLASS.replace("{state}", state)
    points = data.index("\n\nclass Points")
    data = data[:points] + stream + data[points:start] + STREAM + data[end:]
    (users_files / "data.py").write_text(data)
    assert lgen("init").code == 0
    tests = (users_files / "tests/test_train.py").read_text()
    assert ("test_resumed_run_equals_whole_run" in tests) is resumes
    assert ("a resumed run equals" in (users_files / "README.md").read_text()) is resumes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            [],
            "give --module, the nn.Module with its steps and --data, the class with the data sets: "
            "lgen init --module model.py:Net --data data.py:Points",
        ),
        (
            ["--module", "model.py:Net"],
            "so give --data, the class with the data sets: "
            "lgen init --module model.py:Net --data data.py:Points",
        ),
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


@pytest.mark.parametrize("key", [b"\x03", b"\x04"])
def test_interrupt_at_a_question_writes_nothing(users_files: Path, key: bytes) -> None:
    """Ctrl-C and Ctrl-D end with 130; the question suggests the class that is there."""
    (users_files / "lgen.yaml").unlink()
    before = tree(users_files)
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where the tests run in background
        os.chdir(users_files)
        os.execv(sys.executable, [sys.executable, "-m", "lgen", "init"])
    printed = b""
    deadline, sent = time.monotonic() + 60, 0.0
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 1.0)[0]:
            try:
                printed += os.read(terminal, 65536)
            except OSError:  # the other side is closed
                break
        if b"model.py:Net]:" in printed and time.monotonic() - sent > 10:
            os.write(terminal, key)
            sent = time.monotonic()
    else:
        os.kill(child, signal.SIGKILL)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    assert b"Traceback" not in printed
    assert tree(users_files) == before


def test_interrupt_while_writing_leaves_nothing(
    lgen: Lgen, users_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C when half of the files are there ends with 130, and takes them away."""
    before = tree(users_files)
    write = durable.write_file

    def interrupted(file: Path, *how: Any, **like: Any) -> None:
        if file.name.startswith("train.py"):
            raise KeyboardInterrupt
        write(file, *how, **like)

    monkeypatch.setattr(durable, "write_file", interrupted)
    result = lgen("init")
    assert (result.code, result.out, result.err) == (130, "", "")
    assert tree(users_files) == before


def test_killed_while_writing(lgen: Lgen, users_files: Path) -> None:
    """The next command of any kind writes all the files or takes all away, and says so."""
    copy, old = users_files.parent / "copy", tree(users_files)
    shutil.copytree(users_files, copy)
    assert lgen("init").code == 0
    new = tree(users_files)
    seed = random.randrange(2**32)
    print("seed", seed)
    finished = 0
    for number in random.Random(seed).sample(range(2, 150), 8):
        for path in users_files.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(copy, users_files, dirs_exist_ok=True)
        assert killed_at(number, users_files, "init"), number
        if "is now done" in lgen("options", "seed").err:
            finished += 1
            assert tree(users_files) == new, number
        else:
            assert {**tree(users_files), ".lgen": None} == {**old, ".lgen": None}, number
            assert lgen("init").code == 0 and tree(users_files) == new, number
    assert finished


def test_disk_that_fails_while_writing(lgen: Lgen, users_files: Path) -> None:
    """All is as it was."""
    before = tree(users_files)
    for number in range(1, 150, 7):
        assert failed_at(number, users_files, "init") == 2
        assert tree(users_files) == before, number


def test_odd_names_make_a_project_that_installs(lgen: Lgen, users_files: Path) -> None:
    """The project's name is one that packaging tools accept, whatever folder and classes are."""
    (users_files / "model.py").write_text(MODEL.replace("class Net", "class _Net_"))
    spec = (users_files / "lgen.yaml").read_text()
    (users_files / "lgen.yaml").write_text(spec.replace("model.py:Net", "model.py:_Net_"))
    assert lgen("init").code == 0
    assert 'name = "net-points"' in (users_files / "pyproject.toml").read_text()
