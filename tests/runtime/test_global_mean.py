import torch

from runtime.global_mean import global_mean
from tests.runtime.ranks import run_ranks


def mean_of_own(rank, world_size):
    loss = torch.tensor(0.1 * (rank + 1), requires_grad=True)
    mean = global_mean(loss)
    return mean.item(), loss.item(), mean.requires_grad


def test_all_ranks_get_the_same_mean_and_keep_their_loss():
    found = run_ranks(mean_of_own, 3)
    assert len({mean for mean, _, _ in found}) == 1
    assert found[0][0] == torch.tensor([0.1, 0.2, 0.3]).sum().div(3).item()
    assert [loss for _, loss, _ in found] == torch.tensor([0.1, 0.2, 0.3]).tolist()
    assert not any(wants_gradient for _, _, wants_gradient in found)
