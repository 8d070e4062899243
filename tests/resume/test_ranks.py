"""Runs of several ranks: how exact they are, and what becomes of them when one is killed."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.killed_runs import finish, project, resume, run_folder, straight_run
from tests.support.launch import TORCHRUN, Fault
from tests.support.same_runs import assert_same_runs, load_whole

DDP: dict[str, Any] = {"strategy": "ddp", "max_epochs": 2}


@pytest.mark.parametrize("deterministic", [False, True])
def test_three_ranks_resumed(tmp_path: Path, deterministic: bool) -> None:
    """They agree within rounding, and to the bit where the gradient buckets are kept."""
    # an optimizer that does not scale up the noise in gradients that are next to zero
    options = {**DDP, "devices": 3, "deterministic": deterministic}
    options["optimizer"] = {"name": "SGD", "lr": 0.05}
    straight_run(tmp_path / "straight", options, 3)
    killed = project(tmp_path / "killed", options)
    ended = resume(killed, 3, fault=Fault(change=25))
    assert -signal.SIGKILL in ended.codes, ended
    straight, resumed = run_folder(tmp_path / "straight"), finish(killed, 3)
    if deterministic:
        assert_same_runs(straight, resumed)
    mine, theirs = (load_whole(run / "checkpoints" / "last.ckpt") for run in (straight, resumed))
    for name, weight in mine["model"].items():
        assert torch.allclose(weight, theirs["model"][name], rtol=1e-4, atol=1e-6), name


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_a_killed_rank_ends_all_and_the_run_goes_on(tmp_path: Path, strategy: str) -> None:
    """Under torchrun, whose group of processes is empty afterwards."""
    options: dict[str, Any] = {
        "strategy": strategy,
        "devices": 2,
        "module": {"path": "model.py:Net", "args": {"pause": 0.05}},
    }
    if strategy == "fsdp":
        options["fsdp"] = {"wrap": ["Block"]}
    straight_run(tmp_path / "straight", options, 2)
    killed = project(tmp_path / "killed", options)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (tmp_path / "output").open("w") as output:
        torchrun = subprocess.Popen(
            [*TORCHRUN, "--nproc-per-node=2", "train.py"],
            cwd=killed,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        last = killed / "runs" / "version_0" / "checkpoints" / "last.ckpt"
        until = time.monotonic() + 60
        while not last.exists():
            assert time.monotonic() < until and torchrun.poll() is None
            time.sleep(0.01)
        ranks = processes_of(torchrun.pid, "train.py")
        assert len(ranks) == 2, ranks
        os.kill(ranks[1], signal.SIGKILL)
        assert torchrun.wait(45) != 0
        assert not [rank for rank in ranks if is_running(rank)]
    finally:
        try:
            os.killpg(torchrun.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        torchrun.wait()
    assert_same_runs(run_folder(tmp_path / "straight"), finish(killed, 2))


def processes_of(parent: int, word: str) -> list[int]:
    """Return the children of a process, in the order of their numbers, that have an argument."""
    found = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in found.stdout.splitlines()]
    return sorted(int(row[0]) for row in rows if row[1] == str(parent) and word in row[2:])


def is_running(process: int) -> bool:
    """Return whether there is such a process; one that has ended and was not asked for is not."""
    found = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True
    )
    return found.stdout.strip() != "" and not found.stdout.startswith("Z")
