"""Batch norm's statistics over all batches of a loader."""

import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from runtime.batch_norm_batches import batch_norm_batches


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
