"""The names of parameters whose gradients are no numbers."""

import pytest
import torch
from torch import nn

from runtime.nonfinite_gradients import nonfinite_gradients


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf"])
def test_names_in_the_models_order(bad):
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    optimizer = torch.optim.SGD(reversed(list(model.parameters())), lr=0.1)
    assert nonfinite_gradients(model, optimizer) == ""  # there is no gradient yet
    model(torch.ones(1, 2)).sum().backward()
    assert nonfinite_gradients(model, optimizer) == ""
    model[2].bias.grad[0] = model[0].weight.grad[1, 1] = float(bad)
    assert nonfinite_gradients(model, optimizer) == "0.weight, 2.bias"


def test_what_the_optimizer_does_not_have_is_not_named():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model[1].parameters(), lr=0.1)
    model(torch.full((1, 2), torch.nan)).sum().backward()
    assert nonfinite_gradients(model, optimizer) == "1.weight"


def test_many_names_are_counted():
    model = nn.Sequential(*(nn.Linear(1, 1, bias=False) for _ in range(12)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.full((1, 1), torch.nan)).sum().backward()
    names = ", ".join(f"{layer}.weight" for layer in range(10))
    assert nonfinite_gradients(model, optimizer) == f"{names} and 2 more"
