"""A task of its own, such as --task test, leaves the files of the training alone."""

import csv
from pathlib import Path

import pytest

from tests.support.killed_runs import run_folder
from tests.support.launch import launch
from tests.support.projects import make_project
from tests.support.same_runs import assert_same_runs


@pytest.mark.parametrize("ranks", [None, 2])
@pytest.mark.parametrize("task", ["validate", "test"])
def test_a_task_between_two_parts_of_a_run(tmp_path: Path, task: str, ranks: int | None) -> None:
    """Its row stands in a file of its own, which a resumed run does not cut; Lightning's
    trainer.validate and trainer.test log alike.
    """
    several = {"strategy": "ddp", "devices": 2} if ranks else {}
    options = {"max_epochs": 2, **several}
    straight = make_project(tmp_path / "straight", options)
    assert launch(straight, ranks=ranks).done
    parts = make_project(tmp_path / "parts", options)
    assert launch(parts, "--max-epochs", "1", ranks=ranks).done
    before = (run_folder(parts) / "metrics.csv").read_bytes()
    done = launch(parts, "--task", task, "--resume", "last", ranks=ranks)
    assert done.done, done.output
    assert (run_folder(parts) / "metrics.csv").read_bytes() == before
    assert launch(parts, "--resume", "last", "--max-epochs", "2", ranks=ranks).done
    with (run_folder(parts) / f"{task}.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    name = {"validate": "val_loss", "test": "test_loss"}[task]
    assert float(row[name]) > 0 and row["epoch"] == "0"
    (run_folder(parts) / f"{task}.csv").unlink()
    assert_same_runs(run_folder(straight), run_folder(parts))
