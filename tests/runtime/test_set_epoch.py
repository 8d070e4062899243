import pytest
from lightning.fabric.utilities.data import _set_sampler_epoch
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler

from runtime.set_epoch import set_epoch


def make(by_batches: bool) -> DataLoader:
    sampler = DistributedSampler(range(8), num_replicas=2, rank=1)
    if by_batches:
        return DataLoader(range(8), batch_sampler=BatchSampler(sampler, 2, drop_last=False))
    return DataLoader(range(8), 2, sampler=sampler)


@pytest.mark.parametrize("by_batches", [False, True])
def test_samplers_shuffle_as_lightning_has_them(by_batches):
    mine, lightnings = make(by_batches), make(by_batches)
    orders = []
    for epoch in range(3):
        set_epoch(mine, epoch)
        _set_sampler_epoch(lightnings, epoch)
        orders.append([batch.tolist() for batch in mine])
        assert orders[-1] == [batch.tolist() for batch in lightnings]
    assert orders[0] != orders[1] != orders[2]


def test_a_loader_without_samplers_is_left_alone():
    set_epoch([1, 2], 3)


def test_a_batch_sampler_of_ones_own_is_told():
    class Sampler:
        def set_epoch(self, epoch):
            self.epoch = epoch

        def __iter__(self):
            return iter([[self.epoch]])

    loader = DataLoader(range(8), batch_sampler=Sampler())
    set_epoch(loader, 5)
    assert [batch.tolist() for batch in loader] == [[5]]
