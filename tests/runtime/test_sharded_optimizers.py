"""Several optimizers of one sharded model: their steps, their states and gradients that wait."""

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from runtime.gradient_shards import gradient_shards, restore_gradient_shards
from runtime.sharded_checkpoints import ShardedCheckpoints
from runtime.sharded_resume import restore_model, restore_optimizers, resume_sharded
from runtime.sharded_state import sharded_state
from runtime.train_only import train_only
from runtime.train_shards_only import train_shards_only
from tests.runtime.ranks import run_ranks
from tests.runtime.sharded import assert_close, batch, whole

WINDOW = 3  # steps that the second optimizer waits


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 5)
        self.second = nn.Sequential(nn.Sequential(nn.Linear(5, 5), nn.Tanh()), nn.Linear(5, 1))

    def forward(self, x):
        return self.second(self.first(x))


def plain():
    torch.manual_seed(0)
    return Two()


def sharded():
    model = plain()
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    fully_shard(model.second[0], mesh=mesh)
    fully_shard(model, mesh=mesh)  # the root keeps what an evaluation has gathered
    return model


def optimizers_of(model):
    return {
        "first_optimizer": torch.optim.SGD(model.first.parameters(), lr=0.1, momentum=0.9),
        "second_optimizer": torch.optim.Adam(model.second.parameters(), lr=0.1),
    }


def step_once(model, optimizers, step, only):
    with torch.no_grad():
        model(batch(step))  # an evaluation
    first, second = optimizers.values()
    of_first, of_second = (optimizer.param_groups[0]["params"] for optimizer in (first, second))
    with only(model, of_first):
        first.zero_grad()
        model(batch(step)).square().mean().backward()
        first.step()
    with only(model, of_second):
        (model(batch(-step)) - 1).square().mean().backward()
        if step % WINDOW == 0:
            second.step()
            second.zero_grad()


def train(rank, world_size, root, first, last, resume=False):
    """Return the weights and the waiting gradients after each step, and the last states."""
    model = sharded()
    optimizers = optimizers_of(model)
    checkpoints = ShardedCheckpoints(root / "version_0" / "checkpoints")
    if resume:
        _, checkpoint = resume_sharded(root, "last")
        restore_model(checkpoint, model)
        restore_optimizers(checkpoint, model, **optimizers)
        restore_gradient_shards(checkpoint, model, "second_gradients")
    found = []
    for step in range(first + 1, last + 1):
        step_once(model, optimizers, step, train_shards_only)
        shards = sharded_state(model, **optimizers)
        shards["second_gradients"] = gradient_shards(model, model.second.parameters())
        state = {"step": step, "epoch": 0, "config": {}} if rank == 0 else {}
        checkpoints.save_shards(shards, state, epoch=0, step=step, metrics={})
        found.append((whole(shards["model"]), whole(shards["second_gradients"])))
    return found


def train_plain(steps):
    """The same on one process, of the whole model."""
    model = plain()
    optimizers = optimizers_of(model)
    found = []
    for step in range(1, steps + 1):
        step_once(model, optimizers, step, train_only)
        waiting = {f"second.{n}": p.grad for n, p in model.second.named_parameters()}
        waiting = {name: grad for name, grad in waiting.items() if grad is not None}
        found.append((whole(model.state_dict()), whole(waiting)))
    return found


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_each_trains_its_shards(tmp_path, ranks):
    """Also after an evaluation, and with a checkpoint before an optimizer's first step."""
    assert_close(run_ranks(train, ranks, tmp_path, 0, 7)[0], train_plain(7))


@pytest.mark.parametrize("done", [1, 4])
@pytest.mark.parametrize("before, after", [(2, 2), (2, 3), (3, 1)])
def test_states_and_waiting_gradients_go_on(tmp_path, before, after, done):
    """Before and after the second optimizer's first step; bit for bit on as many ranks."""
    straight = run_ranks(train, before, tmp_path / "straight", 0, 7)[0]
    run_ranks(train, before, tmp_path / "stopped", 0, done)
    resumed = run_ranks(train, after, tmp_path / "stopped", done, 7, True)[0]
    if before == after:
        assert resumed == straight[done:]
    assert_close(resumed, straight[done:])


def state_without_a_step(rank, world_size):
    """What is saved of an optimizer that has made no step, and what that leaves of it."""
    model = sharded()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.25)
    before = whole(model.state_dict())
    state = sharded_state(model, optimizer=optimizer)["optimizer"]
    assert whole(model.state_dict()) == before
    assert not optimizer.state and optimizer.param_groups[0]["lr"] == 0.25
    return state


def test_an_optimizer_that_has_made_no_step_has_no_state(tmp_path):
    """torch's function makes a step at a rate of 0, after which Adam corrects for one too many."""
    for state in run_ranks(state_without_a_step, 2):
        assert state["state"] == {} and state["param_groups"][0]["lr"] == 0.25


def restore_other(rank, world_size, root, change):
    """What ends the program where an optimizer is not the one that was saved."""
    model = sharded()
    optimizers = optimizers_of(model)
    _, checkpoint = resume_sharded(root, "last")
    change(model, optimizers)
    try:
        restore_optimizers(checkpoint, model, **optimizers)
    except SystemExit as end:
        return str(end)
    return ""


def other_parameters(model, optimizers):
    optimizers["first_optimizer"] = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def other_class(model, optimizers):
    optimizers["first_optimizer"] = torch.optim.Adam(model.first.parameters(), lr=0.1)


def other_name(model, optimizers):
    optimizers["third_optimizer"] = optimizers.pop("second_optimizer")


@pytest.mark.parametrize(
    ("change", "name"),
    [(other_parameters, "first"), (other_class, "first"), (other_name, "third")],
)
def test_an_optimizer_that_is_another_is_not_gone_on_with(tmp_path, change, name):
    run_ranks(train, 2, tmp_path, 0, 1)
    for said in run_ranks(restore_other, 2, tmp_path, change):
        assert said.startswith(f"the checkpoint does not fit the {name}_optimizer: "), said
