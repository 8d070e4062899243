import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from runtime.averaged_weights import averaged_weights


def test_a_model_has_the_average_for_a_while_and_then_its_own_weights_again():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    averaged = AveragedModel(model, use_buffers=True)
    average = {name: value.clone() for name, value in averaged.module.state_dict().items()}
    weight = model[0].weight
    with torch.no_grad():
        weight.add_(1)
        model[1].running_mean.add_(1)
    own = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(RuntimeError, match="broken"), averaged_weights(model, averaged):
        assert all(torch.equal(value, average[name]) for name, value in model.state_dict().items())
        raise RuntimeError("broken")
    assert all(torch.equal(value, own[name]) for name, value in model.state_dict().items())
    again = averaged.module.state_dict()
    assert all(torch.equal(value, average[name]) for name, value in again.items())
    assert optimizer.param_groups[0]["params"][0] is model[0].weight is weight
