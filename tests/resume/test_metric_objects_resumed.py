"""Metric objects go on within an epoch, on every rank, as if the run had not been stopped."""

import csv
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.killed_runs import finish, new_seed, resume, run_folder
from tests.support.launch import Fault, launch
from tests.support.projects import make_project
from tests.support.random_user_code import DATA, MODEL, OPTIONS
from tests.support.same_runs import assert_same_runs

_CODE = {
    "from torch.nn import functional as F\n": """\
from torch.nn import functional as F
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.classification import MulticlassAUROC, MulticlassPrecision, MulticlassRecall
""",
    "        self.leave = nn.Linear(12, 3)\n": """\
        self.leave = nn.Linear(12, 3)
        self.mean = MeanMetric()
        self.scores = MetricCollection([MulticlassPrecision(3), MulticlassRecall(3)])
        self.curve = MulticlassAUROC(3)
""",
    "        logits = self(x)\n": """\
        logits = self(x)
        self.mean.update(logits.detach())
        self.scores.update(logits, y)
        self.curve.update(logits, y)
""",
}
METRICS = MODEL
for old, new in _CODE.items():
    assert METRICS.count(old) == 1
    METRICS = METRICS.replace(old, new)
HOOKS = """\
    def on_train_epoch_end(self) -> dict[str, Tensor]:
        return self.on_validation_epoch_end()

    def on_validation_epoch_end(self) -> dict[str, Tensor]:
        return {"mean": self.mean.compute(), **self.scores.compute(), "curve": self.curve.compute()}

    def metrics(self, x"""
METRICS = METRICS.replace("    def metrics(self, x", HOOKS)

RUNS: dict[str, tuple[int | None, dict[str, Any]]] = {
    "single": (None, {"val_check_interval": 5}),
    "ema": (None, {"ema": {"decay": 0.9}, "accumulate_grad_batches": 3}),
    "swa": (None, {"swa": {"swa_epoch_start": 2}}),
    "ddp": (2, {"strategy": "ddp", "val_check_interval": 5}),
    "fsdp": (2, {"strategy": "fsdp", "fsdp": {"wrap": ["Block"]}}),
}


def metrics_project(folder: Path, **options: Any) -> Path:
    """Return a project whose objects count training and validation both."""
    return make_project(folder, {**OPTIONS, "batch_size": 4, **options}, METRICS, DATA)


@pytest.mark.parametrize("name", RUNS)
def test_killed_and_resumed_is_the_straight_run(tmp_path: Path, name: str) -> None:
    ranks, options = RUNS[name]
    options = {**options, "devices": ranks or 1}
    straight = metrics_project(tmp_path / "straight", **options)
    assert launch(straight, ranks=ranks).done
    killed = metrics_project(tmp_path / "killed", **options)
    draw = new_seed()
    for _ in range(3):
        ended = resume(killed, ranks, fault=Fault(change=draw.randrange(10, 40)))
        assert ended.done or -signal.SIGKILL in ended.codes, ended.output
    assert_same_runs(run_folder(straight), finish(killed, ranks))


def rows(project: Path) -> list[dict[str, str]]:
    """Return the rows of the project's only run."""
    with (run_folder(project) / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_another_number_of_ranks_goes_on_at_an_epochs_end_alone(tmp_path: Path) -> None:
    options = {"strategy": "ddp", "devices": 2, "max_epochs": 3, "data": "data.py:Points"}
    project = metrics_project(tmp_path, **options)
    assert launch(project, "--max-steps", "2", ranks=2).done
    ended = launch(project, "--resume", "last", "--batch-size", "8", "--max-steps", "-1", ranks=1)
    assert ended.codes == [1]
    assert "the metric objects of 2 processes are in the middle of an epoch" in ended.output
    assert launch(project, "--resume", "last", "--max-steps", "6", ranks=2).done
    ended = launch(project, "--resume", "last", "--batch-size", "8", "--max-steps", "-1", ranks=1)
    assert ended.done, ended.output
    assert len([row for row in rows(project) if row.get("train_curve_epoch")]) == 3


def counting(folder: Path, hook: str, **options: Any) -> str:
    """Return what a run prints that says in a hook how many updates the objects have seen."""
    text = f"    def {hook}(self) -> None:\n        print('updates', self.mean.update_count)\n\n"
    code = METRICS.replace("    def on_train_epoch_end(self) -> dict[str, Tensor]:\n", "")
    code = code.replace("        return self.on_validation_epoch_end()\n\n", text, 1)
    ended = launch(make_project(folder, {**OPTIONS, "batch_size": 4, **options}, code, DATA))
    assert ended.done, ended.output
    return ended.output


def test_a_skipped_step_counts_nothing(tmp_path: Path) -> None:
    """The objects hold what they held before the step whose loss is NaN, of twelve."""
    bad = {"path": "model.py:Net", "args": {"bad_step": 4}}
    options = {"on_nonfinite": "skip", "max_epochs": 1, "module": bad}
    assert "updates 11\n" in counting(tmp_path, "on_train_epoch_end", **options)


def test_the_pass_for_batch_norm_is_not_counted(tmp_path: Path) -> None:
    """swa's last pass over the training data leaves on_train_end what it would have without."""
    options = {"max_epochs": 2, "swa": {"swa_epoch_start": 1}}
    assert "updates 0\n" in counting(tmp_path, "on_train_end", **options)
