"""The validation batches that are tried before training."""

import csv

import torch

from tests.parity.beside import assert_equal_weights, beside, make_script
from tests.support.launch import launch
from tests.support.projects import MODEL, make_project

TELLING = MODEL.replace(
    """\
    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
""",
    """\
    def validation_step(
        self, batch: tuple[Tensor, Tensor], batch_idx: int, step: int, log: Log
    ) -> dict[str, Tensor]:
        print(f"validates batch {batch_idx} at step {step}")
        log.scalar("seen", 1.0)
""",
).replace(
    "from torch import Tensor, nn\n", "from torch import Tensor, nn\nfrom runtime.log import Log\n"
)


def adam(model: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=0.01)


def test_they_change_no_number(tmp_path):
    """Dropout, shuffling and the log go on as without them, and as in Lightning with them."""
    options = {"module": "model.py:Noisy", "optimizer": {"name": "Adam", "lr": 0.01}}
    script = make_script(tmp_path / "with", options)
    without = make_script(tmp_path / "without", {**options, "num_sanity_val_steps": 0})
    result = script.run()
    assert result.rows == without.run().rows
    assert_equal_weights(result, beside(script, adam, num_sanity_val_steps=2))


def test_they_come_before_training_and_log_nothing(tmp_path):
    """Two batches of six are tried; a run that goes on tries none."""
    project = make_project(tmp_path / "project", model=TELLING)
    first = launch(project, "--max-epochs", "1")
    assert first.done, first.output
    said = [line for line in first.output.split("\n") if line.startswith("validates")]
    steps = [int(line.rpartition(" ")[2]) for line in said]
    assert steps == [0, 0] + [14] * 6
    assert launch(project, "--resume", "last", "--max-epochs", "2").output.count("validates") == 6
    with (project / "runs/version_0/metrics.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file) if row["seen"]] == ["14"] * 6 + [
            "28"
        ] * 6


def test_a_validation_that_fails_fails_at_once(tmp_path):
    """Before the first step, and in its own words."""
    model = MODEL.replace("    def validation_step(", "    def validation_step_(", 1)
    model += """\

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        raise RuntimeError("the validation is broken")

    def on_train_start(self) -> None:
        print("training starts")
"""
    ended = launch(make_project(tmp_path / "project", model=model))
    assert ended.codes == [1]
    assert "the validation is broken" in ended.output and "training starts" not in ended.output


def test_what_is_watched_and_not_measured_ends_the_run_at_once(tmp_path):
    """Where the step does not tell what it measures, no epoch is trained for nothing."""
    model = MODEL.replace(
        "return self.metrics(batch)", "return {name: v for name, v in self.metrics(batch).items()}"
    )
    assert model != MODEL
    options = {"checkpoint": {"monitor": "val_los"}, "early_stopping": {"monitor": "val_acc"}}
    ended = launch(make_project(tmp_path / "project", options, model=model))
    assert ended.codes == [1]
    assert "the metric val_los was not measured; there are: val_loss, val_acc" in ended.output
    assert not list(tmp_path.glob("project/runs/version_0/checkpoints/*"))
