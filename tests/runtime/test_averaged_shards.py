"""The average of a sharded model: its numbers, its place in an evaluation, and its checkpoints."""

import pytest
import torch
from torch.distributed.checkpoint.state_dict import get_model_state_dict
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from runtime.averaged_shards import averaged_shards
from runtime.averaged_state import averaged_state
from runtime.local_shards import LocalShards
from runtime.restore_averaged_shards import restore_averaged_shards
from runtime.sharded_checkpoints import ShardedCheckpoints
from runtime.sharded_resume import restore_model, restore_optimizers, resume_sharded
from tests.runtime.ranks import run_ranks
from tests.runtime.sharded import assert_close, batch, build, plain, step_once, whole

AVERAGE = {"multi_avg_fn": get_ema_multi_avg_fn(0.5), "use_buffers": True}


def evaluated(model):
    model.eval()
    with torch.no_grad():
        output = model(batch(99))
    model.train()
    return output.tolist()


def train(rank, world_size, root, first, last, resume=False):
    """Return what is evaluated, the averaged and the raw weights of each step."""
    model, optimizer = build()
    checkpoints = ShardedCheckpoints(root / "version_0" / "checkpoints")
    if resume:
        _, checkpoint = resume_sharded(root, "last")
        restore_model(checkpoint, model)
    averaged = AveragedModel(LocalShards(model), **AVERAGE)
    if resume:
        restore_averaged_shards(checkpoint, model, averaged)
        restore_optimizers(checkpoint, model, optimizer=optimizer)
    found = []
    for step in range(first + 1, last + 1):
        step_once(model, optimizer, step)
        averaged.update_parameters(LocalShards(model))
        with averaged_shards(model, averaged):
            output = evaluated(model)
        shards = averaged_state(model, averaged, optimizer=optimizer)
        found.append((output, whole(shards["model"]), whole(get_model_state_dict(model))))
        state = {"step": step, "epoch": 0, "config": {}, "n_averaged": int(averaged.n_averaged)}
        checkpoints.save_shards(shards, state if rank == 0 else {}, epoch=0, step=step, metrics={})
    return found


def train_plain(steps):
    """The same on one process, by torch's average of a copy."""
    model = plain()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    averaged = AveragedModel(model, **AVERAGE)
    found = []
    for step in range(1, steps + 1):
        step_once(model, optimizer, step)
        averaged.update_parameters(model)
        output = evaluated(averaged.module)
        found.append((output, whole(averaged.module.state_dict()), whole(model.state_dict())))
    return found


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_numbers_are_those_of_one_process(tmp_path, ranks):
    """Also after an evaluation, whose gathered weights are not trained with."""
    straight = run_ranks(train, ranks, tmp_path, 0, 4)[0]
    assert_close(straight, train_plain(4))
    assert straight[-1][1] != straight[-1][2]


@pytest.mark.parametrize("before, after", [(2, 2), (3, 3), (2, 3), (3, 1)])
def test_a_resumed_average_goes_on(tmp_path, before, after):
    """Bit for bit on as many ranks."""
    straight = run_ranks(train, before, tmp_path / "straight", 0, 4)[0]
    run_ranks(train, before, tmp_path / "stopped", 0, 2)
    resumed = run_ranks(train, after, tmp_path / "stopped", 2, 4, True)[0]
    if before == after:
        assert resumed == straight[2:]
    assert_close(resumed, straight[2:])


def restore_only(rank, world_size, root):
    model, _ = build()
    _, checkpoint = resume_sharded(root, "last")
    restore_model(checkpoint, model)
    averaged = AveragedModel(LocalShards(model), **AVERAGE)
    average = whole(get_model_state_dict(model))
    restore_averaged_shards(checkpoint, model, averaged)
    with averaged_shards(model, averaged):
        swapped = whole(get_model_state_dict(model))
    return average, swapped, whole(get_model_state_dict(model)), int(averaged.n_averaged)


def test_a_restored_average_is_the_saved_one_bit_for_bit_on_other_ranks(tmp_path):
    _, average, raw = run_ranks(train, 2, tmp_path, 0, 3)[0][-1]
    assert run_ranks(restore_only, 3, tmp_path)[0] == (average, average, raw, 3)
