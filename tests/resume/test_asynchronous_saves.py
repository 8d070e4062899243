"""Runs that write their checkpoints while they train: what is there when they end."""

import os
import subprocess
from pathlib import Path
from typing import Any

import torch

from tests.support.killed_runs import project, run_folder, straight_run
from tests.support.launch import TORCHRUN, launch
from tests.support.same_runs import assert_same_runs

FSDP: dict[str, Any] = {
    "strategy": "fsdp",
    "devices": 2,
    "fsdp": {"wrap": ["Block"]},
    "max_epochs": 2,
    "log_every_n_steps": 1,
}
ASYNC = {**FSDP, "checkpoint": {"every_n_train_steps": 1, "async_save": True}}
SLOW = """

from runtime.sharded_checkpoints import ShardedCheckpoints

write = ShardedCheckpoints.write


def slow(self, *arguments):
    time.sleep(1.5)
    write(self, *arguments)


ShardedCheckpoints.write = slow
"""


def slow_project(folder: Path, **options: Any) -> Path:
    """A project whose rank 0 takes a second and a half to put a checkpoint in place."""
    made = project(folder, {**ASYNC, **options})
    model = made / "model.py"
    model.write_text(model.read_text() + SLOW)
    return made


def saved_step(folder: Path) -> int:
    """The step of the last checkpoint."""
    last = run_folder(folder) / "checkpoints" / "last.ckpt" / "state.pt"
    return int(torch.load(last, weights_only=True)["step"])


def test_what_is_saved_is_the_same(tmp_path: Path) -> None:
    """Every file of the run, and all that it holds, with the average of the epochs behind it."""
    for name, asynchronous in (("one", False), ("other", True)):
        saving = {"save_top_k": -1, "every_n_train_steps": 2, "async_save": asynchronous}
        options = {**FSDP, "swa": {"swa_epoch_start": 1}, "checkpoint": saving}
        straight_run(tmp_path / name, options, 2)
    assert_same_runs(run_folder(tmp_path / "one"), run_folder(tmp_path / "other"))


def test_the_run_ends_when_its_last_save_is_written(tmp_path: Path) -> None:
    made = slow_project(tmp_path)
    ended = launch(made, "--max-steps", "3", ranks=2)
    assert ended.done, ended.output
    assert saved_step(made) == 3


def test_an_error_takes_no_checkpoint_that_is_being_written(tmp_path: Path) -> None:
    """torchrun ends the other ranks where one has ended: none does before the save is whole."""
    made = slow_project(tmp_path, module={"path": "model.py:Net", "args": {"bad_step": 3}})
    ended = subprocess.run(
        [*TORCHRUN, "--nproc-per-node", "2", "train.py"],
        cwd=made,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "BAD_RANK": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode != 0 and "step 3" in ended.stderr + ended.stdout
    assert saved_step(made) == 2
