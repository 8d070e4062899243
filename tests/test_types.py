"""The package and the runtime modules are typed throughout."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def mypy(*arguments: str, cwd: Path, search: Path) -> str:
    """Run mypy --strict and return what it says, empty if it finds nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *arguments],
        cwd=cwd,
        env={**os.environ, "MYPYPATH": str(search)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout + done.stderr


def test_generator_is_typed(tmp_path: Path) -> None:
    """mypy --strict finds no fault in the package, under the name it is imported by."""
    (tmp_path / "lgen").symlink_to(ROOT / "generator")
    assert mypy("-p", "lgen", cwd=tmp_path, search=tmp_path) == ""


def test_runtime_is_typed() -> None:
    """mypy --strict finds no fault in the modules that projects get."""
    assert mypy("runtime", cwd=ROOT, search=ROOT) == ""
