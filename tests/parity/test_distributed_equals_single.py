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
from tests.support.projects import DATA, MODEL, make_project

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
# draws no numbers: its noise is a part of the batch
GAN = """

class Gan(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(4, 16), Block(16), nn.Linear(16, 4))
        self.discriminator = nn.Sequential(nn.Linear(4, 16), Block(16), nn.Linear(16, 1))

    def forward(self, noise: Tensor) -> Tensor:
        return self.generator(noise)

    def discriminator_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        noise, real = batch[0].chunk(2, dim=1)
        on_real, on_fake = self.discriminator(1 + real), self.discriminator(self(noise).detach())
        return F.softplus(-on_real).mean() + F.softplus(on_fake).mean()

    def generator_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        noise, _ = batch[0].chunk(2, dim=1)
        return F.softplus(-self.discriminator(self(noise))).mean()

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self.generator_step(batch)
"""
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
    "gan": {
        "module": "model.py:Gan",
        "limit_test_batches": 0,
        "limit_predict_batches": 0,
        "optimizers": {
            "discriminator": {"optimizer": {"name": "SGD", "lr": 0.1}},
            "generator": {
                "optimizer": {"name": "AdamW", "lr": 0.01},
                "gradient_clip_val": 0.1,
                "every_n_steps": 2,
            },
        },
    },
}
LOSSES = ("train_loss", "train_discriminator_loss", "train_generator_loss", "val_loss")
TWO_RANKS = {"batch_size": 4, "devices": 2}
DISTRIBUTED: dict[str, dict[str, Any]] = {
    "ddp": {"strategy": "ddp"},
    "fsdp": {"strategy": "fsdp", "fsdp": {"wrap": ["Block"]}},
}


def logged(folder: Path, options: Mapping[str, Any], ranks: int | None) -> dict[str, list[float]]:
    """Train in so many processes; the losses of each step and of each validation."""
    data = DATA.replace("Noisy(samples(self.number, 1))", "samples(self.number, 1)")
    optimizer = None if "optimizers" in options else options["optimizer"]
    given = {**OPTIONS, **options, "optimizer": optimizer}
    project = make_project(folder, given, MODEL + GAN, data)
    ended = launch(project, ranks=ranks)
    assert ended.done, ended.output
    with (project / "runs/version_0/metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in (*LOSSES, "lr") if name in rows[0]]
    return {name: [float(row[name]) for row in rows if row[name]] for name in names}


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
    assert together.keys() == alone.keys() and len(alone["val_loss"]) >= 6
    assert together.pop("lr", None) == alone.get("lr")
    for name, losses in together.items():
        assert losses == pytest.approx(alone[name], rel=0, abs=TOLERANCE)
        # and there was something to follow
        assert abs(losses[-1] - losses[0]) > 100 * TOLERANCE
    steps = [len(losses) for name, losses in together.items() if name != "val_loss"]
    assert max(steps) == STEPS
