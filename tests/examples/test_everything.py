"""The example with as many options as go together trains, is stopped, resumes and tests."""

import csv
import shutil
from pathlib import Path

from tests.support.launch import launch

EXAMPLE = Path(__file__).parents[2] / "examples" / "everything"


def test_two_ranks_train_resume_and_test(tmp_path: Path) -> None:
    """What it logs covers the steps of both parts once, and the best state is tested."""
    project = tmp_path / "everything"
    shutil.copytree(EXAMPLE, project)
    often = ("--log-every-n-steps", "2")
    for steps in ("22", "30"):
        resumed = ("--resume", "last") if steps == "30" else ()
        ended = launch(project, *resumed, "--max-steps", steps, *often, ranks=2, timeout=150)
        assert ended.done, ended.output
    run = project / "runs" / "version_0"
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    losses = [int(row["step"]) for row in rows if row["train_loss"]]
    assert losses == list(range(2, 31, 2))
    assert all(float(row["grad_norm"]) > 0 for row in rows if row["grad_norm"])
    assert {path.name for path in run.iterdir()} >= {"code", "hparams.json", "code-step=22"}
    tested = launch(project, "--task", "test", "--resume", "best", ranks=2, timeout=150)
    assert tested.done and "test_noisy_acc" in tested.output
