"""mypy passes on emitted projects."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.combinations.combine import Row, random_rows
from tests.combinations.projects import row_of, write_project

SEED = 31


def check(folder: Path, rows: Iterable[Row]) -> None:
    """Fails with what mypy says of some projects; they share its cache."""
    for number, row in enumerate(rows):
        project = write_project(folder / str(number), row)
        command = [sys.executable, "-m", "mypy", "--cache-dir", str(folder / "cache")]
        result = subprocess.run(
            [*command, "train.py", "runtime"],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert result.returncode == 0, (project / "lgen.yaml").read_text() + result.stdout


def test_random_projects(tmp_path: Path) -> None:
    """Three projects of random options."""
    check(tmp_path, random_rows(3, SEED))


def test_streams(tmp_path: Path) -> None:
    """Training data of every kind, with a state or without one."""
    kinds = ("iterable", "stateful iterable", "loader", "stateful loader")
    check(tmp_path, [row_of(train=kind) for kind in kinds])


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(10))
def test_more_random_projects(tmp_path: Path, chunk: int) -> None:
    """Ten projects in each part."""
    check(tmp_path, random_rows(10, SEED + 1 + chunk))


def test_metric_objects(tmp_path: Path) -> None:
    """Objects of torchmetrics, whose values a hook returns, on one device and on several."""
    hooks = {"metric objects": True, "training hooks": "all", "evaluation hooks": "all"}
    check(
        tmp_path,
        [row_of(**hooks), row_of(**hooks, strategy="fsdp", precision="bf16-true")],
    )


def test_an_average_with_hooks_around_the_run(tmp_path: Path) -> None:
    """Resumed where only the average is left to be written."""
    check(tmp_path, [row_of(swa={}, **{"training hooks": "model"})])
