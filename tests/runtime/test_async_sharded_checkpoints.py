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
    """Steps are made while nothing is written: they are in none of the files."""
    model, optimizer = build()
    checkpoints = AsyncShardedCheckpoints(folder)
    may_write, write = threading.Event(), FileSystemWriter.write_data

    def late(self, plan, planner):
        assert may_write.wait(60)
        return write(self, plan, planner)

    FileSystemWriter.write_data = late
    step_once(model, optimizer, 1)
    weight = next(model.parameters()).full_tensor().tolist()
    save(checkpoints, model, optimizer, 1)
    for step in range(2, 5):
        step_once(model, optimizer, step)
    assert next(model.parameters()).full_tensor().tolist() != weight
    assert not (folder / "last.ckpt").exists()
    dist.barrier()
    may_write.set()
    checkpoints.wait()
    dist.barrier()
    assert load_verified_state(folder / "last.ckpt")["step"] == 1
    return weight


def test_training_goes_on_while_it_is_written(tmp_path):
    weight = run_ranks(held_back, 2, tmp_path)[0]
    assert load_whole(tmp_path / "last.ckpt")["model"]["0.weight"].tolist() == weight


def ends(rank, world_size, folder, failing, part):
    model, optimizer = build()
    checkpoints = AsyncShardedCheckpoints(folder)
    step_once(model, optimizer, 1)
    save(checkpoints, model, optimizer, 1)
    checkpoints.wait()

    def full(*_):
        time.sleep(0.2)
        raise OSError(28, "No space left on device")

    if rank == failing:
        if part == "shards":
            FileSystemWriter.write_data = full
        else:
            setattr(checkpoints, part, full)
    save(checkpoints, model, optimizer, 2)  # does not know it yet
    with pytest.raises((SystemExit, OSError)) as ended:
        save(checkpoints, model, optimizer, 3)
    dist.barrier()
    assert load_verified_state(folder / "last.ckpt")["step"] == 1
    return str(ended.value)


@pytest.mark.parametrize(
    "failing, part", [(0, "shards"), (1, "shards"), (1, "own_digests"), (0, "write")]
)
def test_a_failure_on_one_rank_ends_all_at_the_next_save(tmp_path, failing, part):
    said, other = run_ranks(ends, 2, tmp_path, failing, part)
    assert "No space left on device" in said
    assert other == "1"
    if part != "write":
        assert "the checkpoint is not written" in said
        assert sorted(path.name for path in tmp_path.iterdir()) == ["last.ckpt"]
