"""For the same global batch, two processes follow one, step by step, in float32.

Without dropout and batch norm the only difference is the order in which sums over a batch are
made: each rank sums its own samples first. That is a few units in the last place (2**-23, 1.2e-7,
for numbers around 1) in each of 50 steps, which the later ones keep.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.launch import launch
from tests.support.projects import DATA, make_project

TOLERANCE = 5e-6
STEPS = 50
# 60 samples are 7 batches of 8, and one of 4
OPTIONS: dict[str, Any] = {
    "module": {"path": "model.py:Net", "args": {"dropout": 0.0}},
    "data": {"path": "data.py:Points", "args": {"number": 60}},
    "precision": "32-true",
    "batch_size": 8,
    "max_epochs": 20,
    "max_steps": STEPS,
    "log_every_n_steps": 1,
}
CASES: dict[str, dict[str, Any]] = {
    # whose steps are as large as the gradients are
    "sgd": {"optimizer": {"name": "SGD", "lr": 0.1}},
    "adamw": {
        "optimizer": {"name": "AdamW", "lr": 0.01},
        "accumulate_grad_batches": 2,
        "gradient_clip_val": 0.5,
        "scheduler": {"name": "CosineAnnealingLR", "interval": "step", "warmup_steps": 10},
        "ema": {"decay": 0.9},
    },
}
TWO_RANKS = {"batch_size": 4, "devices": 2}
DISTRIBUTED: dict[str, dict[str, Any]] = {
    "ddp": {"strategy": "ddp"},
    "fsdp": {"strategy": "fsdp", "fsdp": {"wrap": ["Block"]}},
}


def logged(folder: Path, options: Mapping[str, Any], ranks: int | None) -> dict[str, list[float]]:
    """Train in so many processes; the losses of each step and of each validation."""
    data = DATA.replace("Noisy(samples(self.number, 1))", "samples(self.number, 1)")
    project = make_project(folder, {**OPTIONS, **options}, data=data)
    ended = launch(project, ranks=ranks)
    assert ended.done, ended.output
    with (project / "runs/version_0/metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = ("train_loss", "val_loss", "lr")
    return {name: [float(row[name]) for row in rows if row.get(name)] for name in names}


@pytest.fixture(scope="module", params=CASES)
def single(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """The options of a case, and what one process logs."""
    options = CASES[request.param]
    return options, logged(tmp_path_factory.mktemp("single") / "project", options, None)


@pytest.mark.parametrize("strategy", DISTRIBUTED)
def test_losses_are_those_of_one_process(
    strategy: str, single: tuple[dict[str, Any], dict[str, list[float]]], tmp_path: Path
) -> None:
    """All losses of 50 steps agree within the tolerance, and so do those of the validations."""
    options, alone = single
    two = {**options, **TWO_RANKS, **DISTRIBUTED[strategy]}
    together = logged(tmp_path / "project", two, 2)
    assert len(alone["train_loss"]) == STEPS and len(alone["val_loss"]) >= 6
    assert alone["train_loss"][-1] < 0.5 * alone["train_loss"][0]
    assert together["lr"] == alone["lr"]
    for name in ("train_loss", "val_loss"):
        assert together[name] == pytest.approx(alone[name], rel=0, abs=TOLERANCE)
