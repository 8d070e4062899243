"""Gradients of a sum made those of a mean."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def divide_gradients(parameters: Iterable[nn.Parameter], weight: Tensor | float) -> None:
    """Divide all gradients by the weight of what they were summed over, in place.

    Waits for no device. Gradients of a weight of zero are zeros, and stay so.
    """
    divisor = torch.as_tensor(weight).clamp(min=torch.finfo(torch.float32).tiny)
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad.div_(divisor)
