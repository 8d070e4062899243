"""Names of parameters whose gradients are no numbers, as a list and as text."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.optim import Optimizer

from runtime.trained_gradients import trained_gradients

MOST = 10  # names in one line


def nonfinite_names(model: nn.Module, optimizer: Optimizer) -> list[str]:
    """Return the names of the parameters whose gradients on this process are not all finite.

    They are those of parameters that the optimizer has, in the model's order.
    """
    grads = {
        # a DTensor's class is not asked for: its import takes half a second
        name: grad.to_local() if hasattr(grad, "to_local") else grad
        for name, grad in trained_gradients(model, optimizer).items()
    }
    if not grads:
        return []
    finite = torch.stack([grad.isfinite().all() for grad in grads.values()])
    return [name for name, is_finite in zip(grads, finite.tolist(), strict=True) if not is_finite]


def listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more
