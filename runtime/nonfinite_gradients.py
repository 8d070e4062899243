"""Names the parameters whose gradients are no numbers."""

from torch import nn
from torch.optim import Optimizer

from runtime.nonfinite_names import listed, nonfinite_names


def nonfinite_gradients(model: nn.Module, optimizer: Optimizer) -> str:
    """Return the names as text, empty where all is finite; reads one value from the device."""
    return listed(nonfinite_names(model, optimizer))
