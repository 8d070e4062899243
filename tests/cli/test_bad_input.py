"""Whatever is wrong with a spec or the user's files: exit 2, said in lines, nothing written."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Lgen, tree
from tests.support.projects import MODEL, OPTIONS, spec_text

SPEC = spec_text(OPTIONS)
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in pairwise("abcdefghi")
)


def options(**changes: Any) -> str:
    """The text of a spec with changes."""
    return spec_text({**OPTIONS, **changes})


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param("", "lgen.yaml", id="empty"),
        pytest.param("# nothing\n", "lgen.yaml", id="only comments"),
        pytest.param("- a\n- b\n", "lgen.yaml", id="a list"),
        pytest.param(SPEC + "batchsize: 3\n", "batch_size", id="unknown key"),
        pytest.param(options(batch_size="many"), "batch_size", id="wrong type"),
        pytest.param(options(batch_size=True), "batch_size", id="bool for int"),
        pytest.param(SPEC + "seed: 1\nseed: 2\n", "seed", id="duplicate key"),
        pytest.param(SPEC + "a: [\n", "lgen.yaml:", id="bad YAML"),
        pytest.param(SPEC + "\tseed: 1\n", "lgen.yaml:", id="tab"),
        pytest.param(options(module="model.py:Nett"), "Net", id="class not there"),
        pytest.param(options(module="gone.py:Net"), "gone.py", id="file not there"),
        pytest.param(options(module="../model.py:Net"), "../model.py", id="outside"),
        pytest.param(options(optimizer={"name": "Adm"}), "Adam", id="unknown optimizer"),
        pytest.param(
            options(optimizer={"name": "Adam", "lr": 0.1, "weigth_decay": 0.1}),
            "weight_decay",
            id="unknown argument of the optimizer",
        ),
        pytest.param(
            options(module={"path": "model.py:Net", "args": {"a-b": 1}}), "a-b", id="no identifier"
        ),
        pytest.param(SPEC + "# " + "x" * 1_000_000, "1 MB", id="over 1 MB"),
        pytest.param(BOMB, "lgen.yaml", id="alias bomb"),
    ],
)
def test_bad_spec(lgen: Lgen, users_files: Path, spec: str, said: str) -> None:
    """A bad spec is refused with its file, and its line where it has one."""
    (users_files / "lgen.yaml").write_text(spec)
    refused(lgen, users_files, said)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\x00\x00", b"seed: \xff\xfe\n", b"a: \x00\n"])
def test_binary_spec(lgen: Lgen, users_files: Path, data: bytes) -> None:
    """A spec that is no text is refused."""
    (users_files / "lgen.yaml").write_bytes(data)
    refused(lgen, users_files, "lgen.yaml")


def test_spec_that_is_a_folder(lgen: Lgen, users_files: Path) -> None:
    """A folder of the spec's name is refused."""
    (users_files / "lgen.yaml").unlink()
    (users_files / "lgen.yaml").mkdir()
    refused(lgen, users_files, "lgen.yaml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("class Net(", "class Net((", "model.py:", id="syntax error"),
        pytest.param("def training_step", "def traning_step", "training_step", id="misspelt step"),
        pytest.param(
            "def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int)",
            "def training_step(self, batch, index)",
            "index",
            id="unknown argument of a step",
        ),
        pytest.param(
            "batch_idx: int) -> dict[str, Tensor]:\n        return self.metrics(batch)\n\n"
            "    def validation_step",
            "batch_idx):\n        return torch.compile(self)(batch)\n\n    def validation_step",
            "training_step",
            id="result that cannot be told",
        ),
        pytest.param(
            "        x, y = batch\n",
            "        x, y = batch\n        self.log('a', 1)\n",
            "self.log",
            id="self.log",
        ),
    ],
)
def test_bad_module(lgen: Lgen, users_files: Path, old: str, new: str, said: str) -> None:
    """A module that does not fit is refused with its file and line."""
    assert old in MODEL
    (users_files / "model.py").write_text(MODEL.replace(old, new, 1))
    assert "model.py:" in refused(lgen, users_files, said)


def test_binary_module(lgen: Lgen, users_files: Path) -> None:
    """A module that is no text is refused."""
    (users_files / "model.py").write_bytes(b"\x00\xff\xfe")
    refused(lgen, users_files, "model.py")


def test_every_fault_is_said_at_once(lgen: Lgen, users_files: Path) -> None:
    """One run names all that is wrong."""
    (users_files / "lgen.yaml").write_text(options(batch_size=0, devices=-1, precision="8-true"))
    err = refused(lgen, users_files, "batch_size")
    assert "devices" in err and "precision" in err


def refused(lgen: Lgen, folder: Path, said: str) -> str:
    """What lgen init says, once it is clear that it refused and wrote nothing."""
    before = tree(folder)
    result = lgen("init")
    assert result.code == 2
    assert said in result.err
    assert result.out == ""
    assert tree(folder) == before
    return result.err
