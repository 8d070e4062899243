"""A run goes on with another number of processes, as long as a step uses as many samples."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.killed_runs import project, run_folder
from tests.support.launch import launch
from tests.support.same_runs import load_whole

NUMBER = 48


# one of them, whose window is open where the number of processes changes
BLOCKS: dict[str, Any] = {
    "optimizer": None,
    "optimizers": {
        "all": {
            "step": "training_step",
            "parameters": ["enter", "blocks", "leave"],
            "optimizer": {"name": "Adam", "lr": 0.01},
            "accumulate_grad_batches": 3,
        }
    },
}


def recording(folder: Path, strategy: str, **more: Any) -> Path:
    """Return a project whose steps write down the samples that they see."""
    options: dict[str, Any] = {
        "strategy": strategy,
        "devices": 2,
        "module": {"path": "model.py:Net", "args": {"record": "seen"}},
        "data": {"path": "data.py:Points", "args": {"number": NUMBER}},
        "batch_size": 6,
        "max_epochs": 2,
    }
    if strategy == "fsdp":
        options["fsdp"] = {"wrap": ["Block"]}
    return project(folder, {**options, **more})


def seen(folder: Path) -> list[int]:
    """Return the samples that the steps of all ranks have seen so far."""
    return [int(word) for file in folder.glob("seen*") for word in file.read_text().split()]


@pytest.mark.parametrize(
    ("strategy", "more"),
    [("ddp", {}), ("fsdp", {}), ("fsdp", BLOCKS)],
    ids=["ddp", "fsdp", "blocks"],
)
def test_every_sample_once(tmp_path: Path, strategy: str, more: dict[str, Any]) -> None:
    folder = recording(tmp_path, strategy, **more)
    stages = [(2, "6", "2"), (1, "12", "3"), (3, "4", "4")]
    for ranks, batch_size, max_steps in stages:
        args = ["--batch-size", batch_size, "--max-steps", max_steps]
        if len(seen(folder)):
            args += ["--resume", "last"]
        ended = launch(folder, *args, ranks=ranks)
        assert ended.done, ended.output
        assert len(seen(folder)) == 12 * int(max_steps)
    assert sorted(seen(folder)) == list(range(NUMBER))
    ended = launch(folder, "--resume", "last", "--max-steps", "-1", ranks=3)
    assert ended.done, ended.output
    assert sorted(seen(folder)) == sorted(2 * list(range(NUMBER)))
    last = load_whole(run_folder(folder) / "checkpoints" / "last.ckpt")
    assert (last["step"], last["epoch"], len(last["ranks"])) == (8, 2, 3)


def test_means_of_the_epoch_count_what_other_ranks_saw(tmp_path: Path) -> None:
    """The epoch's mean covers the part before the change of ranks."""
    folder = recording(tmp_path, "ddp")
    assert launch(folder, "--max-steps", "2", ranks=2).done
    ended = launch(folder, "--resume", "last", "--max-steps", "4", "--batch-size", "12", ranks=1)
    assert ended.done, ended.output
    saved = load_whole(run_folder(folder) / "checkpoints" / "previous.ckpt")
    assert saved["ranks"][0]["train_metrics"]["epoch"]["loss"][1] == NUMBER


@pytest.mark.parametrize("accumulate", [1, 2])
def test_another_global_batch_stops(tmp_path: Path, accumulate: int) -> None:
    options = {
        "strategy": "ddp",
        "devices": 2,
        "batch_size": 6,
        "accumulate_grad_batches": accumulate,
        "max_steps": 2,
        "log_every_n_steps": 1,
    }
    folder = project(tmp_path, options)
    assert launch(folder, ranks=2).done
    before = (run_folder(folder) / "metrics.csv").read_bytes()
    ended = launch(folder, "--resume", "last", "--max-steps", "4", ranks=1)
    assert ended.codes == [1] and "Traceback" not in ended.output
    assert f"--batch-size {12}" in ended.output
    assert (run_folder(folder) / "metrics.csv").read_bytes() == before
    for way_out in named_ways_out(ended.output):
        ended = launch(folder, "--resume", "last", "--max-steps", "4", *way_out, ranks=1)
        assert ended.done, ended.output


def named_ways_out(output: str) -> list[list[str]]:
    """Return the settings that the message names, as arguments."""
    ways = output.split("keep it with ", 1)[1].splitlines()[0]
    return [way.split() for way in ways.split(" or ")]
