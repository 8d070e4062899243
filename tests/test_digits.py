"""The digits project as a new user makes it: it learns real data, on one device and on several."""

import csv
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.support.commands import run

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
PROCESSES = ["devices=2", "accelerator=cpu"]


def digits(folder: Path, *settings: str) -> Path:
    """Make the digits project with these settings."""
    sets = [word for setting in settings for word in ("--set", setting)]
    run([sys.executable, "-m", "lgen", "new", "digits", "--defaults", *sets], folder, 60)
    return folder / "digits"


def rows(project: Path) -> list[dict[str, str]]:
    """The rows of the first run's metrics."""
    with (project / "runs" / "version_0" / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def best_accuracy(project: Path) -> float:
    """The highest validation accuracy of the first run."""
    return max(float(row["val_acc"]) for row in rows(project) if row["val_acc"])


def test_default_project_learns(tmp_path: Path) -> None:
    """The project as it is made reaches 96 % on the validation images; the aim is a minute."""
    project = digits(tmp_path, "accelerator=cpu")
    run([sys.executable, "train.py"], project, 300)
    assert best_accuracy(project) >= 0.96


def test_evaluation_says_what_it_found(tmp_path: Path) -> None:
    """A test prints its metrics, a prediction where its files are."""
    project = digits(tmp_path, "accelerator=cpu", "max_epochs=1")
    run([sys.executable, "train.py"], project, 100)
    command = [sys.executable, "train.py", "--resume", "last", "--task"]
    assert "test_acc" in run([*command, "test"], project, 100)
    printed = run([*command, "predict"], project, 100)
    assert "predictions: runs/version_0/predictions\n" in printed and "step" not in printed
    assert (project / "runs/version_0/predictions/batch_00000.pt").exists()


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_learn_as_much(strategy: str, tmp_path: Path) -> None:
    """Two gloo processes that share the model or shard it reach 96 % too."""
    project = digits(tmp_path, f"strategy={strategy}", *PROCESSES, "batch_size=16")
    run([*TORCHRUN, "train.py"], project, 400)
    assert best_accuracy(project) >= 0.96


def test_tensorboard_reads_the_scalars_back(tmp_path: Path) -> None:
    """TensorBoard's own reader finds every number of metrics.csv at its step."""
    project = digits(tmp_path, "loggers=[csv, tensorboard]", "max_epochs=2")
    run([sys.executable, "train.py"], project, 200)
    events = EventAccumulator(str(project / "runs" / "version_0" / "tensorboard" / "fit"))
    events.Reload()
    compared = 0
    for row in rows(project):
        for name in row.keys() - {"step", "epoch"}:
            if row[name]:
                found = {event.step: event.value for event in events.Scalars(name)}
                # TensorBoard keeps float32
                assert found[int(row["step"])] == pytest.approx(float(row[name]), rel=1e-6)
                compared += 1
    assert compared > 8


@pytest.mark.parametrize(
    "options",
    [
        ["loggers=[csv]"],
        ["loggers=[csv,tensorboard]"],
        # what the starter names as the next to try
        [
            "scheduler={name: CosineAnnealingLR, interval: step, warmup_steps: 100}",
            "gradient_clip_val=1.0",
            "early_stopping={monitor: val_loss, patience: 3}",
        ],
        ["accumulate_grad_batches=4", "limit_train_batches=8", "val_check_interval=4"],
    ],
    ids=["plain", "tensorboard", "schedule", "counts"],
)
def test_emitted_tests_pass(options: list[str], tmp_path: Path) -> None:
    """The project's own tests pass right after it is made."""
    project = digits(tmp_path, *options)
    run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], project, 300)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_emitted_tests_of_several_processes_pass(strategy: str, tmp_path: Path) -> None:
    """So do those of a project for two processes."""
    project = digits(tmp_path, f"strategy={strategy}", *PROCESSES)
    run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], project, 600)
