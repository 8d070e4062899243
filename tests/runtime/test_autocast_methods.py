"""Methods that run under autocast."""

import torch
from torch import Tensor, nn

from runtime.autocast_methods import autocast_methods


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def first(self, *, epoch: int) -> tuple[int, Tensor]:
        return epoch, self.second()

    def second(self) -> Tensor:
        result: Tensor = self.layer(torch.ones(1, 2))
        return result


def test_the_named_methods_and_what_they_call_run_under_autocast() -> None:
    """They are called as before, and any number of times."""
    model = Net()
    autocast_methods(model, "cpu", torch.bfloat16, "first")
    for epoch in range(2):
        given, result = model.first(epoch=epoch)
        assert given == epoch and result.dtype == torch.bfloat16
        assert model.second().dtype == torch.float32
