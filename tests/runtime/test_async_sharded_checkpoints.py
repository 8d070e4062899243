"""Checkpoints that threads write: what they hold, when they are there, and what a failure ends."""

import threading
import time

import pytest
import torch.distributed as dist
from torch.distributed.checkpoint.filesystem import FileSystemWriter

from runtime.async_sharded_checkpoints import AsyncShardedCheckpoints
from runtime.checkpoint_folder import load_verified_state
from runtime.sharded_checkpoints import ShardedCheckpoints
from runtime.sharded_state import sharded_state
from tests.runtime.ranks import run_ranks
from tests.runtime.sharded import build, step_once
from tests.support.same_runs import assert_same, load_whole


def save(checkpoints, model, optimizer, step):
    state = {"step": step, "rates": [0.1], "ranks": [{}]} if dist.get_rank() == 0 else {}
    checkpoints.save_shards(
        sharded_state(model, optimizer=optimizer),
        state,
        epoch=0,
        step=step,
        metrics={"val_loss": float(abs(step - 2))},
    )
    assert checkpoints.step == step
    if state:
        state["rates"][0] = 0.0  # training goes on with its objects


def train(rank, world_size, folder, kind):
    model, optimizer = build()
    checkpoints = kind(folder, monitor="val_loss", save_top_k=4)
    for step in range(1, 5):
        step_once(model, optimizer, step)
        save(checkpoints, model, optimizer, step)
    if kind is AsyncShardedCheckpoints:
        checkpoints.wait()


def test_what_is_written_is_the_state_at_the_save(tmp_path):
    for kind in (ShardedCheckpoints, AsyncShardedCheckpoints):
        run_ranks(train, 2, tmp_path / kind.__name__, kind)
    one, other = (
        tmp_path / kind.__name__ for kind in (ShardedCheckpoints, AsyncShardedCheckpoints)
    )
    names = sorted(path.name for path in one.iterdir())
    assert len(names) == 6 and names == sorted(path.name for path in other.iterdir())
    for name in names:
        assert load_verified_state(one / name) == load_verified_state(other / name)
        assert load_verified_state(one / name)["rates"] == [0.1]
        assert_same(load_whole(one / name), load_whole(other / name), name)


def held_back(rank, world_size, folder):
    """Steps are made, and ranks talk, while a rank cannot write: they are in none of the files."""
    model, optimizer = build()
    checkpoints = AsyncShardedCheckpoints(folder / "other")
    may_write, write = threading.Event(), FileSystemWriter.write_data
    step_once(model, optimizer, 1)
    save(ShardedCheckpoints(folder / "one"), model, optimizer, 1)

    def late(self, plan, planner):
        assert rank == 0 or may_write.wait(60)
        return write(self, plan, planner)

    FileSystemWriter.write_data = late
    save(checkpoints, model, optimizer, 1)
    for step in range(2, 5):
        step_once(model, optimizer, step)
    assert not (folder / "other" / "last.ckpt").exists()
    dist.barrier()
    may_write.set()
    checkpoints.wait()
    assert load_verified_state(folder / "other" / "last.ckpt")["step"] == 1


def test_training_goes_on_while_it_is_written(tmp_path):
    run_ranks(held_back, 2, tmp_path)
    one, other = (load_whole(tmp_path / name / "last.ckpt") for name in ("one", "other"))
    assert_same(one, other, "last.ckpt")


def ends(rank, world_size, folder, failing, part, error):
    model, optimizer = build()
    checkpoints = AsyncShardedCheckpoints(folder, monitor="val_loss")
    step_once(model, optimizer, 1)
    save(checkpoints, model, optimizer, 1)
    checkpoints.wait()

    def fails(*_):
        time.sleep(0.2)
        raise error

    if rank == failing:
        if part == "shards":
            FileSystemWriter.write_data = fails
        else:
            setattr(checkpoints, part, fails)
    save(checkpoints, model, optimizer, 2)  # does not know it yet
    with pytest.raises(SystemExit) as ended:
        save(checkpoints, model, optimizer, 3)
    dist.barrier()
    assert load_verified_state(folder / "last.ckpt")["step"] == 1
    return ended.value.code


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "failing, part, error",
    [
        (0, "shards", FULL),
        (1, "shards", FULL),
        (1, "own_digests", FULL),
        (0, "write", FULL),
        (1, "own_digests", RuntimeError("No space left on device")),
        (0, "write", RuntimeError("No space left on device")),
        (0, "rank", SystemExit("No space left on device")),
    ],
)
def test_a_failure_on_one_rank_ends_all_at_the_next_save(tmp_path, failing, part, error):
    said, other = run_ranks(ends, 2, tmp_path, failing, part, error)
    assert said.startswith("the checkpoint is not written: ")
    assert "No space left on device" in said
    assert other == 1
    if part in ("shards", "own_digests"):
        assert {path.name for path in tmp_path.iterdir()} == {"last.ckpt", "epoch=0-step=1.ckpt"}
