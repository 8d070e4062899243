"""The exponential moving average of a model's weights and buffers."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

Tensors = tuple[Tensor, ...] | list[Tensor]


def ema_multi_avg_fn(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Return what AveragedModel updates the tensors of one type with.

    Floats become decay * average + (1 - decay) * weight. What is no float, such as an index or a
    count, is taken over: torch's own function would truncate its average.
    """
    update_floats = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def update(averaged: Tensors, current: Tensors, number: Tensor | int) -> None:
        if averaged[0].is_floating_point() or averaged[0].is_complex():
            update_floats(averaged, current, number)
            return
        for average, value in zip(averaged, current, strict=True):
            average.copy_(value)

    return update
