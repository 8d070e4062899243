"""A sharded model, the same on one process, and what both have in common."""

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor


def plain():
    torch.manual_seed(0)
    # more ranks than rows of the last layer: some ranks hold nothing of it
    # (and no bias in front of batch norm: its gradient is rounding, of which Adam makes steps)
    return nn.Sequential(nn.Linear(3, 5, bias=False), nn.BatchNorm1d(5), nn.Linear(5, 1))


def build():
    model = plain()
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    fully_shard(model[0], mesh=mesh)
    fully_shard(model, mesh=mesh)  # the root keeps what a forward pass has gathered
    return model, torch.optim.AdamW(model.parameters(), lr=0.1)


def batch(step):
    # the same on every rank
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(step))


def step_once(model, optimizer, step):
    optimizer.zero_grad()
    model(batch(step)).square().mean().backward()
    optimizer.step()


def whole(state):
    return {
        name: (value.full_tensor() if isinstance(value, DTensor) else value).tolist()
        for name, value in state.items()
    }


def assert_close(one, other):
    """Sums over ranks are rounded in another order: all numbers in both are nearly the same."""
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
