"""A run is killed before each change of its files in turn: no instant of a save loses anything."""

import shutil
import signal
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
DDP = {**SHORT, "batch_size": 6, "strategy": "ddp", "devices": 2}


def check(
    folder: Path, options: dict[str, Any], ranks: int | None, faults: list[Fault] | None
) -> None:
    """Compare each run that had a fault and was resumed with one that had none."""
    straight = straight_run(folder / "straight", options, ranks)
    if faults is None:
        assert straight.changes > 20
        faults = [Fault(change=number + 1) for number in range(straight.changes)]
    killed = project(folder / "killed", options)
    for fault in faults:
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
    "options, ranks", [(SHORT, None), (DDP, 2), (FSDP, 2)], ids=["single", "ddp", "fsdp"]
)
def test_every_change(tmp_path: Path, options: dict[str, Any], ranks: int | None) -> None:
    check(tmp_path, options, ranks, None)


@pytest.mark.parametrize(
    "options, ranks, kills", [(SHORT, None, 15), (FSDP, 2, 5)], ids=["single", "fsdp"]
)
def test_some_changes(
    tmp_path: Path, options: dict[str, Any], ranks: int | None, kills: int
) -> None:
    changes = new_seed().sample(range(1, 50), kills)
    check(tmp_path, options, ranks, [Fault(change=change) for change in changes])


@pytest.mark.slow
def test_rank_1_of_sharded_checkpoints(tmp_path: Path) -> None:
    check(tmp_path, FSDP, 2, [Fault(change=number + 1, rank=1) for number in range(8)])


def test_within_the_writing_of_a_file(tmp_path: Path) -> None:
    draw = new_seed()
    sizes = [draw.randrange(100, 20_000) for _ in range(8)]
    check(tmp_path, SHORT, None, [Fault(bytes=size) for size in sizes])
