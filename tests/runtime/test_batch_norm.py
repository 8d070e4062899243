"""Batch norm's statistics over all batches of a loader."""

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.optim.swa_utils import update_bn

from runtime.batch_norm_batches import batch_norm_batches
from runtime.shard_batch_norm import shard_batch_norm
from tests.runtime.ranks import run_ranks


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.BatchNorm1d(4, momentum=0.3))


def batches() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(size, 3, generator=generator) for size in (5, 5, 2)]


def test_statistics_are_those_of_update_bn() -> None:
    mine, theirs = model(), model()
    mine(batches()[0])  # what was there before does not count
    with torch.no_grad():
        for batch in batch_norm_batches(mine, batches()):
            mine(batch)
    update_bn(batches(), theirs)
    assert all(torch.equal(a, b) for a, b in zip(mine.buffers(), theirs.buffers(), strict=True))
    assert [module.momentum for module in mine[1:]] == [0.1, 0.3]


def test_no_batch_where_there_is_no_batch_norm() -> None:
    read = iter(batches())
    assert list(batch_norm_batches(nn.Linear(3, 3), read)) == []
    assert list(batch_norm_batches(nn.BatchNorm1d(3, track_running_stats=False), read)) == []
    assert len(list(read)) == 3


def test_statistics_are_kept_in_evaluation_mode_and_without_batches() -> None:
    mine = model()
    mine(batches()[0])
    kept = [buffer.clone() for buffer in mine.buffers()]
    assert list(batch_norm_batches(mine, [])) == []
    assert all(torch.equal(a, b) for a, b in zip(mine.buffers(), kept, strict=True))
    mine[1].eval()
    for batch in batch_norm_batches(mine, batches()):
        mine(batch)
    now = list(mine.buffers())
    assert torch.equal(now[0], kept[0]) and not torch.equal(now[3], kept[3])


def formats_in_a_forward_pass(rank: int, world_size: int) -> list[torch.dtype]:
    """The formats of the weights of each part while it runs, sharded in mixed precision."""
    sharded, formats = model(), []
    for part in sharded:
        part.register_forward_hook(lambda part, *_: formats.append(part.weight.dtype))
    mesh = init_device_mesh("cpu", (world_size,))
    shard_batch_norm(sharded, mesh)
    policy = MixedPrecisionPolicy(torch.bfloat16, torch.float32, cast_forward_inputs=False)
    fully_shard(sharded, mesh=mesh, mp_policy=policy)
    with torch.autocast("cpu", torch.bfloat16):
        sharded(batches()[0])
    return formats


def test_sharded_batch_norm_stays_in_float32() -> None:
    """The parameters around it are gathered in bfloat16."""
    for formats in run_ranks(formats_in_a_forward_pass, 2):
        assert formats == [torch.bfloat16, torch.float32, torch.float32]
