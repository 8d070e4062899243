"""Hooks by Lightning's names: each is read with its arguments, or refused with the way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lgen.user_code.hooks import HOOKS, UNSUPPORTED
from tests.user_code.test_check import MODEL, checked

README = Path(__file__).parents[2] / "README.md"
SEP = "\n    def training_step"


def with_method(text: str) -> str:
    """The model with one more method."""
    return MODEL.replace(SEP, f"\n    {text}\n{SEP}")


def what(hook: str) -> str:
    """The text between a hook's name and what is said of it in the fault."""
    return f"{hook} is not called; {UNSUPPORTED[hook]}"


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_a_method_that_is_not_called_is_refused(tmp_path: Path, name: str) -> None:
    (fault,) = checked(tmp_path, with_method(f"def {name}(self, *args): return None"))
    assert fault == f"model.py:14: {what(name)}"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_takes_its_arguments_and_no_other(tmp_path: Path, name: str) -> None:
    """All of them, also by keyword, none where it names none; Lightning's others are refused."""
    result = "return batch" if "transfer" in name else "pass"
    for given in (", ".join(HOOKS[name]), "*, " + ", ".join(HOOKS[name]), ""):
        if given != "*, ":
            arguments = f"self, {given}" if given else "self"
            text = f"def {name}({arguments}): {result}"
            assert checked(tmp_path, with_method(text)) == []
    (fault,) = checked(tmp_path, with_method(f"def {name}(self, dataloader_idx): {result}"))
    assert f"{name} has the unknown argument dataloader_idx" in fault
    assert fault.endswith(f"it can name: {', '.join(HOOKS[name]) or 'nothing'}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "def on_after_batch_transfer(self, batch): batch[0] = 1",
            "on_after_batch_transfer returns nothing; return the batch, which the step gets",
        ),
        (
            "def on_train_batch_start(self, batch): return -1",
            "on_train_batch_start ends no epoch by -1; use limit_train_batches, return nothing",
        ),
        ("def setup(self, stage): return 1", "what setup returns is not used; return nothing"),
        (
            "def on_fit_strat(self): pass",
            "on_fit_strat is called by nothing; did you mean on_fit_start?",
        ),
    ],
    ids=["no batch", "-1", "a result", "misspelt"],
)
def test_what_a_hook_may_not_do(tmp_path: Path, text: str, message: str) -> None:
    assert checked(tmp_path, with_method(text)) == [f"model.py:14: {message}"]


def test_hooks_of_a_package_are_given_what_they_work_on(tmp_path: Path) -> None:
    """A base class of a package brings them: their signature is not read."""
    base = MODEL.replace("(nn.Module)", "(lib.Base)").replace("import torch\n", "import lib\n", 1)
    names = ["setup", "transfer_batch_to_device", "on_save_checkpoint", "on_train_start"]
    spec = (
        "module: model.py:Net\ndata: data.py:Data\noptimizer: {name: SGD, lr: 0.1}\n"
        f"defines: [{', '.join(names)}]\n"
    )
    from tests.user_code.test_check import module

    hooks = module(tmp_path, base, spec).hooks
    assert [hooks[name].call for name in names] == ["stage", "batch, device", "checkpoint", ""]


def test_the_readme_names_every_hook() -> None:
    """By its name, or once for the three stages."""
    text = README.read_text()
    for name in (*HOOKS, *UNSUPPORTED):
        shared = re.sub("^on_(validation|test|predict)_", "on_<stage>_", name)
        assert f"`{name}`" in text or f"`{shared}`" in text, name
