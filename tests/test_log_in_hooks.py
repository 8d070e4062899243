"""What steps and hooks give to `log` in whole projects."""

import csv
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.support.killed_runs import run_folder
from tests.support.launch import launch
from tests.support.projects import DATA, MODEL, make_project

HOOKS = """\

    def on_validation_epoch_end(self, log: Log) -> None:
        log.image("weights", self.leave.weight[None])
        log.histogram("weights", self.leave.weight)
        log.scalar("norm", self.leave.weight.norm())

    def on_test_epoch_end(self, log: Log) -> None:
        log.image("tested", self.leave.weight[None])

    def on_predict_epoch_end(self, log: Log) -> None:
        log.image("predicted", self.leave.weight[None])
"""
HOOKED = MODEL.replace("import torch\n", "import torch\nfrom runtime.log import Log\n", 1) + HOOKS


def several(data: str) -> str:
    """The data class with two sets for each evaluation."""
    for stage, size in (("val", 21), ("test", 22), ("predict", 23)):
        seed = {"val": 2, "test": 3, "predict": 4}[stage]
        data = data.replace(
            f"def {stage}_dataset(self) -> Dataset[tuple[Tensor, ...]]:\n"
            f"        return samples({size}, {seed})",
            f"def {stage}_dataset(self) -> dict[str, Dataset[tuple[Tensor, ...]]]:\n"
            f'        return {{"far": samples({size}, {seed}), "near": samples({size}, 9)}}',
        )
    assert data.count('"far"') == 3
    return data


def test_several_sets_write_side_by_side(tmp_path: Path) -> None:
    """Each name has the prefix that the set's metrics have."""
    options = {"loggers": ["csv", "tensorboard"], "max_epochs": 1}
    project = make_project(tmp_path, options, HOOKED, several(DATA))
    assert launch(project).done
    for task in ("test", "predict"):
        ended = launch(project, "--task", task, "--resume", "last")
        assert ended.done, ended.output
    written = {"fit": "val_{}_weights", "test": "test_{}_tested", "predict": "predict_{}_predicted"}
    tags = {}
    for task, name in written.items():
        names = [name.format("far"), name.format("near")]
        images = run_folder(project) / "images" / task
        assert sorted(p.name for p in images.iterdir()) == [f"{n}-step=14.png" for n in names]
        events = run_folder(project) / "tensorboard" / task
        tags[task] = EventAccumulator(str(events), {"images": 0}).Reload().Tags()
        assert sorted(tags[task]["images"]) == names
    assert tags["fit"]["histograms"] == ["val_far_weights", "val_near_weights"]
    assert {"val_far_norm", "val_near_norm"} < set(tags["fit"]["scalars"])


CALLS = """\

    def on_fit_start(self) -> None:
        self.seen = 0

    def on_train_start(self) -> None:
        self(torch.ones(2, 8))

    def on_validation_epoch_end(self, log: Log) -> None:
        log.histogram("logits", self(torch.ones(2, 8)))

    def on_train_epoch_end(self) -> dict[str, Tensor]:
        return {"spread": self(torch.ones(2, 8)).float().std()}
"""


@pytest.mark.parametrize("precision", ["16-mixed", "bf16-mixed"])
def test_hooks_of_a_sharded_model_may_call_it(tmp_path: Path, precision: str) -> None:
    """In the same formats as its steps."""
    options = {"loggers": ["tensorboard"], "max_epochs": 1, "precision": precision}
    fsdp = {"strategy": "fsdp", "devices": 2}
    model = HOOKED.replace(HOOKS, CALLS)
    project = make_project(tmp_path, {**options, **fsdp}, model)
    # those that surely do not are called as they are
    text = (project / "train.py").read_text()
    assert '"on_train_start"' in text and '"on_fit_start"' not in text
    ended = launch(project, ranks=2)
    assert ended.done, ended.output
    events = EventAccumulator(str(run_folder(project) / "tensorboard" / "fit")).Reload()
    (histogram,) = events.Histograms("logits")
    assert histogram.histogram_value.num == 6
    assert len(events.Scalars("train_spread_epoch")) == 1


@pytest.mark.parametrize("precision", ["32-true", "bf16-true"])
def test_shards_are_logged_whole(tmp_path: Path, precision: str) -> None:
    """Gathered from all ranks, although one writes."""
    options = {"loggers": ["csv", "tensorboard"], "max_epochs": 1, "precision": precision}
    fsdp = {"strategy": "fsdp", "devices": 2}
    project = make_project(tmp_path, {**options, **fsdp}, HOOKED)
    ended = launch(project, ranks=2)
    assert ended.done, ended.output
    events = EventAccumulator(str(run_folder(project) / "tensorboard" / "fit")).Reload()
    (histogram,) = events.Histograms("weights")
    assert histogram.histogram_value.num == 3 * 16
    (norm,) = events.Scalars("norm")
    assert norm.value == pytest.approx(histogram.histogram_value.sum_squares**0.5, rel=0.01)
    assert [path.name for path in (run_folder(project) / "images" / "fit").iterdir()] == [
        "weights-step=7.png"
    ]


@pytest.mark.parametrize("accumulated", [1, 2])
def test_scalar_has_the_step_that_its_batch_makes(tmp_path: Path, accumulated: int) -> None:
    """A hook whose result nobody takes logs beside the metrics of the same step."""
    hook = """
    def on_before_optimizer_step(self, log: Log) -> None:
        log.scalar("norm", self.leave.weight.grad.norm())
"""
    model = MODEL.replace("import torch\n", "import torch\nfrom runtime.log import Log\n", 1)
    options = {"max_steps": 4, "log_every_n_steps": 1, "accumulate_grad_batches": accumulated}
    project = make_project(tmp_path, options, model + hook)
    ended = launch(project)
    assert ended.done, ended.output
    with (run_folder(project) / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    steps = {
        name: [row["step"] for row in rows if row.get(name)] for name in ("norm", "train_loss")
    }
    assert steps["norm"] == steps["train_loss"] == ["1", "2", "3", "4"]
