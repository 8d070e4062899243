"""A run goes on from any checkpoint that it has kept, also one of an epoch's last batch."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.killed_runs import run_folder, straight_run
from tests.support.launch import launch
from tests.support.same_runs import assert_same_runs, checkpoint_names

# single: 12 steps in an epoch; two ranks: 6
ALL: dict[str, Any] = {
    "checkpoint": {"save_top_k": -1, "every_n_train_steps": 6},
    "max_epochs": 2,
    "val_check_interval": 4,
    "accumulate_grad_batches": 2,
}
TUNED = {"backbone": "blocks", "unfreeze_backbone_at_epoch": 1}
CASES: dict[str, tuple[int | None, dict[str, Any]]] = {
    "single": (None, {**ALL, "accumulate_grad_batches": 1}),
    "ddp": (2, {**ALL, "strategy": "ddp", "devices": 2}),
    "finetuning": (None, {**ALL, "max_epochs": 3, "finetuning": TUNED}),
    "ddp finetuning": (2, {**ALL, "strategy": "ddp", "devices": 2, "finetuning": TUNED}),
    "fsdp": (2, {**ALL, "strategy": "fsdp", "devices": 2, "fsdp": {"wrap": ["Block"]}}),
}


@pytest.mark.parametrize("name", CASES)
def test_same_end_from_every_checkpoint(tmp_path: Path, name: str) -> None:
    ranks, options = CASES[name]
    straight_run(tmp_path / "straight", options, ranks)
    run = run_folder(tmp_path / "straight")
    kept = [file for file in checkpoint_names(run) if file not in ("last.ckpt", "previous.ckpt")]
    assert len(kept) >= 4
    for file in kept:
        again = tmp_path / file
        shutil.copytree(tmp_path / "straight", again)
        checkpoint = run_folder(again) / "checkpoints" / file
        ended = launch(again, "--resume", str(checkpoint), ranks=ranks)
        assert ended.done, ended.output
        print(file)
        # what was the last checkpoint, of steps that are done again, is now the one before
        assert_same_runs(run, run_folder(again), but=["previous.ckpt"])


def test_best_is_gone_on_from(tmp_path: Path) -> None:
    """Resuming the best of an older state trains again what came after it."""
    options = {"checkpoint": {"monitor": "val_loss", "mode": "max"}, "max_epochs": 3}
    straight_run(tmp_path, options, None)
    run = run_folder(tmp_path)
    shutil.copytree(run, tmp_path / "straight")
    best = [file for file in checkpoint_names(run) if file not in ("last.ckpt", "previous.ckpt")]
    assert best == ["epoch=0-step=12.ckpt"]
    ended = launch(tmp_path, "--resume", "best")
    assert ended.done and "epoch 1" in ended.output and "epoch 0" not in ended.output, ended.output
    assert_same_runs(tmp_path / "straight", run, but=["previous.ckpt"])
