"""Formatters, linters and type checkers find nothing to say about a new project."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_digits import digits

PROJECTS = {
    "digits": (),
    "fsdp": (
        "strategy=fsdp",
        "devices=2",
        "accelerator=cuda",
        "precision=16-mixed",
        "accumulate_grad_batches=2",
        "loggers=[csv, tensorboard]",
        "early_stopping={monitor: val_loss}",
    ),
}


def ran(tool: str, *arguments: str, cwd: Path) -> str:
    """What a tool says about the project; it must find nothing wrong."""
    command = [sys.executable, "-m", tool, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", PROJECTS)
def test_tools_find_nothing(name: str, tmp_path: Path) -> None:
    """black, ruff, mypy and pytest see the project's files, and not the copies in .lgen/."""
    project = digits(tmp_path, *PROJECTS[name])
    ran("black", "--check", ".", cwd=project)
    ran("ruff", "check", ".", cwd=project)
    assert "train.py" in ran("ruff", "check", "--show-files", ".", cwd=project)
    assert ".lgen" not in ran("ruff", "check", "--show-files", ".", cwd=project)
    ran("mypy", ".", cwd=project)
    ran("mypy", "train.py", "runtime", "tests", cwd=project)
    collected = ran("pytest", "--collect-only", "-q", "-p", "no:cacheprovider", cwd=project)
    assert "test_overfits_one_batch" in collected and ".lgen" not in collected
    assert "2 tests collected" in collected
