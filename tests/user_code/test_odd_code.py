"""Code that Python takes and the script could not use: each has one clear line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lgen.project import project_files
from lgen.spec.check import Checked, check
from tests.user_code.test_check import DATA, MODEL, SPEC, TRAINING, checked

STEP = "    def training_step(self, batch, batch_idx):\n" + TRAINING


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (
            "    def training_step(batch):\n" + TRAINING,
            "model.py:14: training_step has no self; write it as its first parameter",
        ),
        (
            "    if TYPE_CHECKING:\n        def training_step(self, batch): ...\n",
            "model.py:6: class Net has no training_step",
        ),
        (
            "    def _step(self, batch):\n" + TRAINING + "    training_step = _step\n",
            "model.py:17: training_step is assigned, and read by lgen only as a method; write "
            "`def training_step(self, batch): return self._step(batch)`",
        ),
        (
            STEP + "    test_step = training_step\n",
            "model.py:17: test_step is assigned, and read by lgen only as a method; write "
            "`def test_step(self, batch, batch_idx): return self.training_step(batch, batch_idx)`",
        ),
        (
            STEP + "    on_train_start = print\n",
            "model.py:17: on_train_start is assigned, and read by lgen only as a method; write "
            "`def on_train_start(self): ...`",
        ),
        (
            STEP + "    def set(self):\n        self.test_step = self.training_step\n",
            "model.py:18: test_step is assigned",
        ),
        (
            STEP
            + "    def configure_optimizers(self) -> torch.optim.Optimizer:\n"
            + "        return [torch.optim.SGD(self.parameters())]\n",
            "model.py:18: configure_optimizers is annotated `-> torch.optim.Optimizer` and returns "
            "a list; return the optimizer",
        ),
        (
            STEP
            + "    def configure_optimizers(self) -> tuple[Optimizer, LRScheduler]:\n"
            + "        return [one], [two]\n",
            "model.py:18: configure_optimizers is annotated `-> tuple[Optimizer, LRScheduler]` and "
            "returns lists; return the optimizer and the scheduler",
        ),
        (
            STEP
            + "    def configure_optimizers(self) -> Optimizer:\n"
            + "        optimizer = torch.optim.LBFGS(self.parameters())\n"
            + "        return optimizer\n",
            "model.py:18: LBFGS evaluates a batch several times in a step",
        ),
    ],
)
def test_module(tmp_path: Path, new: str, said: str) -> None:
    spec = SPEC
    if "configure_optimizers" in new:
        spec = SPEC.replace("optimizer: {name: SGD, lr: 0.1}\n", "")
    found = checked(tmp_path, MODEL.replace(STEP, new), spec=spec)
    assert any(fault.startswith(said) for fault in found), found


def test_step_that_is_also_a_method_may_be_assigned(tmp_path: Path) -> None:
    """What an instance assigns to itself replaces a method that lgen has read."""
    step = STEP + "    def set(self):\n        self.training_step = self.other\n"
    assert checked(tmp_path, MODEL.replace(STEP, step)) == []


@pytest.mark.parametrize(
    "lines",
    [
        "    def __init__(self):\n        self.train_dataset = [1]\n",
        "    def __init__(self):\n        self.collate_fn = print\n",
        "    collate_fn = None\n",
    ],
)
def test_attributes_of_data_with_loaders_of_its_own(tmp_path: Path, lines: str) -> None:
    data = DATA.replace("_dataset", "_dataloader") + "\n" + lines
    assert checked(tmp_path, data=data) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "    test_dataset = val_dataset\n",
            "data.py:8: test_dataset is assigned, and read by lgen only as a method; write "
            "`def test_dataset(self): return self.val_dataset()`",
        ),
        (
            "    collate_fn = lambda self, samples: samples\n",
            "data.py:8: collate_fn is assigned, and read by lgen only as a method; write "
            "`def collate_fn(self, samples): ...`",
        ),
        (
            "    def __init__(self):\n        self.collate_fn = print\n",
            "data.py:9: collate_fn is assigned",
        ),
        (
            "    @property\n    def test_dataset(self): ...\n",
            "data.py:9: test_dataset is a property; write a plain method with self",
        ),
        (
            "    @functools.cached_property\n    def test_dataset(self): ...\n",
            "data.py:9: test_dataset is a cached_property; write a plain method with self",
        ),
        ("    def test_dataset(): ...\n", "data.py:8: test_dataset has no self"),
        ("    def collate_fn(samples): ...\n", "data.py:8: collate_fn has no self"),
    ],
)
def test_data(tmp_path: Path, more: str, said: str) -> None:
    found = checked(tmp_path, data=DATA + "\n" + more)
    assert any(fault.startswith(said) for fault in found), found


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            SPEC.replace("data.py:Data", "{path: data.py:Data, args: {root: 3}}"),
            "lgen.yaml:2: Data's root is positional-only, and args are passed by name; "
            "take out the / of its __init__",
        ),
        (
            SPEC,
            "lgen.yaml:2: Data needs root, which is positional-only, and args are passed by name; "
            "take out the / of its __init__",
        ),
    ],
)
def test_positional_only_argument(tmp_path: Path, spec: str, said: str) -> None:
    data = DATA + "\n    def __init__(self, root, /): ...\n"
    assert checked(tmp_path, data=data, spec=spec) == [said]


@pytest.mark.parametrize(
    ("start", "encoding"),
    [
        ("\ufeff", "utf-8"),
        ("# -*- coding: latin-1 -*-\n# \u00e9\n", "latin-1"),
        ("# coding: cp1252\n# \u20ac\n", "cp1252"),
    ],
)
def test_file_is_read_as_python_reads_it(tmp_path: Path, start: str, encoding: str) -> None:
    """A byte order mark or a declared encoding is no fault, in no file of the project."""
    assert checked(tmp_path, "import helper\n" + MODEL) == []
    (tmp_path / "helper.py").write_bytes((start + "import tqdm\n").encode(encoding))
    (tmp_path / "model.py").write_bytes((start + "import helper\n" + MODEL).encode(encoding))
    files = project_files(tmp_path, SPEC)
    assert isinstance(files, dict)
    assert '"tqdm' in files["pyproject.toml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"# coding: nonsense\n", "model.py:1: unknown encoding: nonsense"),
        (b"x = '\xe9'\n", "model.py:1: "),
        (b"x = 1\0\n", "model.py"),
    ],
)
def test_file_that_python_cannot_read(tmp_path: Path, text: bytes, said: str) -> None:
    checked(tmp_path)
    (tmp_path / "model.py").write_bytes(text + MODEL.encode())
    found = check(tmp_path, SPEC)
    assert isinstance(found, list)
    assert str(found[0]).startswith(said), found[0]


def test_imported_file_with_a_syntax_error_is_named(tmp_path: Path) -> None:
    assert checked(tmp_path, "import helper\n" + MODEL) == []
    (tmp_path / "helper.py").write_text("\ndef (:\n")
    found = project_files(tmp_path, SPEC)
    assert isinstance(found, list)
    assert str(found[0]).startswith("helper.py:2: syntax error")


@pytest.mark.parametrize("kind", ["loop", "pipe", "folder"])
@pytest.mark.parametrize("file", ["model.py", "data.py"])
def test_file_that_is_none(tmp_path: Path, file: str, kind: str) -> None:
    """A link to itself, a pipe (which would wait for ever) and a folder hold no class."""
    checked(tmp_path)
    path = tmp_path / file
    path.unlink()
    if kind == "loop":
        path.symlink_to(path.name)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    found = check(tmp_path, SPEC)
    assert not isinstance(found, Checked)
    said = "a link that leads to itself" if kind == "loop" else "it is no regular file"
    assert [str(fault) for fault in found] == [f"{file}: {said}; put the code in its place"]
