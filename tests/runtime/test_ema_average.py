import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from runtime.ema import ema_multi_avg_fn


class Indexed(nn.Module):
    """Weights, statistics, indices that stay, a count and a switch."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.register_buffer("indices", torch.arange(1024))
        self.register_buffer("switch", torch.tensor(False))


@pytest.mark.parametrize("decay", [0.9, 0.95, 0.99, 0.9999])
def test_floats_are_averaged_as_torch_does_and_the_rest_is_taken_over(decay):
    model = Indexed()
    ours = AveragedModel(model, multi_avg_fn=ema_multi_avg_fn(decay), use_buffers=True)
    torchs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    for step in range(20):
        model.norm(torch.randn(4, 3))
        with torch.no_grad():
            model.norm.weight.add_(torch.randn(3))
            model.switch.fill_(step % 2 == 0)
        ours.update_parameters(model)
        torchs.update_parameters(model)
    for name in ("norm.weight", "norm.running_mean", "norm.running_var"):
        assert torch.equal(ours.module.state_dict()[name], torchs.module.state_dict()[name])
    for name in ("indices", "norm.num_batches_tracked", "switch"):
        assert torch.equal(ours.module.state_dict()[name], model.state_dict()[name])
