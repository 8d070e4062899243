"""A task of its own, such as --task test, leaves the files of the training alone."""

import csv
from pathlib import Path

import pytest

from tests.support.killed_runs import run_folder
from tests.support.launch import launch
from tests.support.projects import make_project
from tests.support.same_runs import assert_same_runs


@pytest.mark.parametrize("ranks", [None, 2])
def test_a_test_between_two_parts_of_a_run(tmp_path: Path, ranks: int | None) -> None:
    """Its row stands in test.csv, which a resumed run does not cut; metrics.csv has no such row."""
    several = {"strategy": "ddp", "devices": 2} if ranks else {}
    options = {"max_epochs": 2, **several}
    straight = make_project(tmp_path / "straight", options)
    assert launch(straight, ranks=ranks).done
    parts = make_project(tmp_path / "parts", options)
    assert launch(parts, "--max-epochs", "1", ranks=ranks).done
    before = (run_folder(parts) / "metrics.csv").read_bytes()
    tested = launch(parts, "--task", "test", "--resume", "last", ranks=ranks)
    assert tested.done, tested.output
    assert (run_folder(parts) / "metrics.csv").read_bytes() == before
    assert launch(parts, "--resume", "last", "--max-epochs", "2", ranks=ranks).done
    with (run_folder(parts) / "test.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["test_loss"]) > 0 and row["epoch"] == "0"
    (run_folder(parts) / "test.csv").unlink()
    assert_same_runs(run_folder(straight), run_folder(parts))
