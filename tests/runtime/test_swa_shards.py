"""The mean of a sharded model's epochs: its numbers, and its checkpoints on other ranks."""

import pytest
import torch
from torch.distributed.checkpoint.state_dict import get_model_state_dict
from torch.optim.swa_utils import AveragedModel

from runtime.average_as_state import average_as_state
from runtime.local_shards import LocalShards
from runtime.restore_swa_shards import restore_swa_shards
from runtime.sharded_checkpoints import ShardedCheckpoints
from runtime.sharded_resume import restore_model, restore_optimizers, resume_sharded
from runtime.swa_state import swa_state
from tests.runtime.ranks import run_ranks
from tests.runtime.sharded import assert_close, build, plain, step_once, whole

START = 2  # the first epoch, of one step each, that is averaged; counted from 1


def train(rank, world_size, root, first, last, start=START):
    """Return the average and the raw weights after each epoch from the start on."""
    model, optimizer = build()
    checkpoints = ShardedCheckpoints(root / "version_0" / "checkpoints")
    averaged = AveragedModel(LocalShards(model))
    if first > 0:
        _, checkpoint = resume_sharded(root, "last")
        restore_model(checkpoint, model)
        restore_optimizers(checkpoint, model, optimizer=optimizer)
        restore_swa_shards(checkpoint, model, averaged, start, first)
    found = []
    for epoch in range(first + 1, last + 1):
        step_once(model, optimizer, epoch)
        if epoch >= start:
            averaged.update_parameters(LocalShards(model))
            average = whole(average_as_state(model, averaged))
            found.append((average, whole(get_model_state_dict(model))))
        number = int(averaged.n_averaged)
        state = {"step": epoch, "epoch": epoch, "config": {}, "epochs_averaged": number}
        shards = swa_state(model, averaged, optimizer)
        checkpoints.save_shards(shards, state if rank == 0 else {}, epoch=0, step=epoch, metrics={})
    return found


def train_plain(epochs):
    """The same on one process, by torch's average of a copy."""
    model = plain()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    averaged = AveragedModel(model)
    found = []
    for epoch in range(1, epochs + 1):
        step_once(model, optimizer, epoch)
        if epoch >= START:
            averaged.update_parameters(model)
            found.append((whole(averaged.module.state_dict()), whole(model.state_dict())))
    return found


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_numbers_are_those_of_one_process(tmp_path, ranks):
    """Parameters are averaged; the buffers are those of the last epoch."""
    straight = run_ranks(train, ranks, tmp_path, 0, 4)[0]
    assert_close(straight, train_plain(4))
    assert straight[-1][0]["2.weight"] != straight[-1][1]["2.weight"]
    assert straight[-1][0]["1.running_mean"] == straight[-1][1]["1.running_mean"]


@pytest.mark.parametrize("done", [1, 2, 3])
@pytest.mark.parametrize("before, after", [(2, 2), (2, 3), (3, 1)])
def test_a_resumed_average_goes_on(tmp_path, before, after, done):
    """From before, at and after the first epoch that is averaged; bit for bit on as many ranks."""
    straight = run_ranks(train, before, tmp_path / "straight", 0, 4)[0]
    run_ranks(train, before, tmp_path / "stopped", 0, done)
    resumed = run_ranks(train, after, tmp_path / "stopped", done, 4)[0]
    expected = straight[-len(resumed) :]
    if before == after:
        assert resumed == expected
    assert_close(resumed, expected)
    assert len(resumed) == min(4 - done, 3)


def another_start(rank, world_size, root):
    """What ends the program where the average holds other epochs than those that are due."""
    try:
        train(rank, world_size, root, 3, 4, start=3)
    except SystemExit as end:
        return str(end)
    return ""


def test_an_average_of_another_start_is_not_gone_on_with(tmp_path):
    run_ranks(train, 2, tmp_path, 0, 3)
    fault = "holds 2 epochs; of the 3 that are done, 1 are from swa_epoch_start 3 on"
    assert all(fault in said for said in run_ranks(another_start, 2, tmp_path))
