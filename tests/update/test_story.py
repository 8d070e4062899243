"""A project that is edited, and then changed again and again, through the commands alone."""

import sys
from pathlib import Path

import pytest

from tests.support.commands import run

EDITS = [
    # a print of the user's own
    (
        "            batch_idx += 1\n            step += 1\n",
        "            batch_idx += 1\n"
        '            print(f"my loss {loss.item():.3f}")\n'
        "            step += 1\n",
    ),
    # what the README puts into the loop
    (
        '            loss = outputs["loss"]\n',
        '            loss = outputs["loss"]\n'
        "            if batch_idx == 0:\n"
        '                print(f"epoch {epoch} starts at a loss of {loss.item():.3f}")\n',
    ),
    # a line of the loop, changed
    (
        "            if step % cfg.log_every_n_steps == 0:\n",
        "            if step % cfg.log_every_n_steps == 0 or step == 1:\n",
    ),
    # a metric of the user's own
    (
        "        metrics |= val_metrics\n",
        "        metrics |= val_metrics\n"
        '        metrics["my_error"] = 1.0 - val_metrics["val_acc"]\n'
        "        print(f\"my error {metrics['my_error']:.3f}\")\n",
    ),
]
CHANGES = [
    ["strategy=ddp", "devices=2", "accelerator=cpu"],
    ["precision=bf16-mixed"],
    ["strategy=fsdp"],
    ["strategy=single", "devices=1", "precision=32-true"],
]


def lgen(folder: Path, *arguments: str) -> str:
    """What lgen prints; it must succeed."""
    return run([sys.executable, "-m", "lgen", *arguments], folder, 600)


def trains(folder: Path) -> None:
    """Two epochs: the loss is printed at every step, and the error after each epoch."""
    command = ["train.py", "--max-epochs", "2", "--batch-size", "200"]
    if (folder / "launch.sh").exists():
        torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        command = ["-m", *torchrun, *command]
    printed = run([sys.executable, *command], folder, 600)
    assert "my loss" in printed and "my error" in printed


def edited(folder: Path) -> str:
    """Make the edits, and return the text that train.py has then."""
    train = folder / "train.py"
    text = train.read_text()
    for old, new in EDITS:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    train.write_text(text)
    return text


def tell(folder: Path, *, at_each_step: bool) -> None:
    """The story; `at_each_step` trains and tests after every change."""
    lgen(folder, "new", "digits", "--defaults")
    project = folder / "digits"
    text = edited(project)
    if at_each_step:
        trains(project)
    for settings in CHANGES:
        assert "CONFLICT" not in lgen(project, "set", *settings)
        train = (project / "train.py").read_text()
        compile(train, "train.py", "exec")
        for old, new in EDITS:
            assert all(line in train for line in {*new.splitlines()} - {*old.splitlines()})
        said = lgen(project, "check").splitlines()
        assert said == ["edited        train.py: by you"]
        assert {line[1:].strip() for line in lgen(project, "diff", "--mine").splitlines()} >= {
            'print(f"my loss {loss.item():.3f}")'
        }
        if at_each_step or settings == CHANGES[0]:
            trains(project)
        if at_each_step:
            run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], project, 600)
    # what it was, but for what the spec now says of the accelerator
    lgen(project, "set", "accelerator=auto")
    assert (project / "train.py").read_text() == text


def test_edits_live_through_every_change(tmp_path: Path) -> None:
    """New digits, four edits, then ddp, bf16-mixed, fsdp and back to one process."""
    tell(tmp_path, at_each_step=False)


@pytest.mark.slow
def test_project_trains_and_tests_itself_after_every_change(tmp_path: Path) -> None:
    """After each of them it trains, with what the edits print, and its own tests pass."""
    tell(tmp_path, at_each_step=True)
