"""Runs that are killed at random and resumed until they are done."""

import random
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support.launch import Ended, Fault, launch
from tests.support.projects import make_project
from tests.support.random_user_code import DATA, MODEL, OPTIONS


def new_seed() -> random.Random:
    """Return a generator whose seed is printed, and so shown where the test fails."""
    seed = random.randrange(2**32)
    print("seed", seed)
    return random.Random(seed)


def project(folder: Path, options: Mapping[str, Any]) -> Path:
    """Return a new project of the model and data that draw random numbers."""
    return make_project(folder, {**OPTIONS, **options}, MODEL, DATA)


def straight_run(folder: Path, options: Mapping[str, Any], ranks: int | None) -> Ended:
    """Run a new project in the folder to its end."""
    ended = launch(project(folder, options), ranks=ranks, fault=Fault())
    assert ended.done, ended.output
    return ended


def resume(folder: Path, ranks: int | None, **how: Any) -> Ended:
    """Go on with the run of the folder from its last checkpoint, or start it where it has none."""
    if has_checkpoint(folder):
        return launch(folder, "--resume", "last", ranks=ranks, **how)
    shutil.rmtree(folder / "runs", ignore_errors=True)
    return launch(folder, ranks=ranks, **how)


def finish(folder: Path, ranks: int | None) -> Path:
    """Resume without a further kill and return the run's folder."""
    ended = resume(folder, ranks)
    assert ended.done, ended.output
    return run_folder(folder)


def run_folder(folder: Path) -> Path:
    """Return the only run of a project."""
    runs = list((folder / "runs").iterdir())
    assert [run.name for run in runs] == ["version_0"]
    return runs[0]


def has_checkpoint(folder: Path) -> bool:
    """Return whether there is one to go on from."""
    return any(any(folder.glob(f"runs/version_0/checkpoints/{name}.ckpt")) for name in NAMED)


NAMED = ("last", "previous")


def kill_times(draw: random.Random, seconds: float, number: int) -> Iterator[float]:
    """Yield moments of a run that takes so long, most of them after it has begun to train."""
    for _ in range(number):
        yield seconds * draw.uniform(0.3, 1.0)
