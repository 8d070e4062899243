"""A run is killed before each change of its files in turn: no instant of a save loses anything."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.killed_runs import finish, new_seed, project, resume, run_folder, straight_run
from tests.support.launch import Fault
from tests.support.same_runs import assert_same_runs

SHORT: dict[str, Any] = {
    "batch_size": 12,
    "max_epochs": 2,
    "log_every_n_steps": 2,
    "checkpoint": {"monitor": "val_acc", "mode": "min", "save_top_k": 1, "every_n_train_steps": 3},
}
FSDP = {**SHORT, "batch_size": 6, "strategy": "fsdp", "devices": 2, "fsdp": {"wrap": ["Block"]}}
ASYNC = {**FSDP, "checkpoint": {**SHORT["checkpoint"], "async_save": True}}
DDP = {**SHORT, "batch_size": 6, "strategy": "ddp", "devices": 2}


Faults = Callable[[int], list[Fault]]


def check(folder: Path, options: dict[str, Any], ranks: int | None, faults: Faults) -> None:
    """Compare each run that had a fault and was resumed with one that had none.

    The faults depend on how often a run changes its files.
    """
    straight = straight_run(folder / "straight", options, ranks)
    assert straight.changes > 50
    killed = project(folder / "killed", options)
    for fault in faults(straight.changes):
        shutil.rmtree(killed / "runs", ignore_errors=True)
        ended = resume(killed, ranks, fault=fault)
        assert -signal.SIGKILL in ended.codes or -signal.SIGXFSZ in ended.codes, (fault, ended)
        try:
            assert_same_runs(run_folder(folder / "straight"), finish(killed, ranks))
        except AssertionError:
            print(fault)
            raise


@pytest.mark.slow
@pytest.mark.parametrize(
    "options, ranks",
    [(SHORT, None), (DDP, 2), (FSDP, 2), (ASYNC, 2)],
    ids=["single", "ddp", "fsdp", "asynchronous"],
)
def test_every_change(tmp_path: Path, options: dict[str, Any], ranks: int | None) -> None:
    check(tmp_path, options, ranks, lambda last: [Fault(change=n) for n in range(1, last + 1)])


@pytest.mark.parametrize(
    "options, ranks, kills",
    [(SHORT, None, 14), (FSDP, 2, 4), (ASYNC, 2, 4)],
    ids=["single", "fsdp", "asynchronous"],
)
def test_some_changes(
    tmp_path: Path, options: dict[str, Any], ranks: int | None, kills: int
) -> None:
    def some(last: int) -> list[Fault]:
        return [Fault(change=n) for n in [*new_seed().sample(range(1, last), kills), last]]

    check(tmp_path, options, ranks, some)


@pytest.mark.slow
def test_rank_1_of_sharded_checkpoints(tmp_path: Path) -> None:
    check(tmp_path, FSDP, 2, lambda _: [Fault(change=n, rank=1) for n in range(1, 9)])


def test_within_the_writing_of_a_file(tmp_path: Path) -> None:
    draw = new_seed()
    sizes = [draw.randrange(100, 20_000) for _ in range(8)]
    check(tmp_path, SHORT, None, lambda _: [Fault(bytes=size) for size in sizes])
