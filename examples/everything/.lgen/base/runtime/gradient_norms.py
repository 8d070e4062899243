"""The norm of each parameter's gradient."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from runtime.trained_gradients import trained_gradients


def gradient_norms(
    model: nn.Module, optimizer: Optimizer, norm_type: float = 2.0
) -> dict[str, Tensor]:
    """Return the norms, which stay on the device, by grad_norm/NAME.

    They are those of the parameters that the optimizer has and that have a gradient.
    """
    return {
        f"grad_norm/{name}": torch.linalg.vector_norm(grad, norm_type)
        for name, grad in trained_gradients(model, optimizer).items()
    }


def read_norms(norms: Mapping[str, Tensor]) -> dict[str, float]:
    """Return the norms as numbers, read in one transfer; of a sharded model all ranks call it."""
    if not norms:
        return {}
    values = torch.stack(list(norms.values()))
    if hasattr(values, "full_tensor"):  # the import of a DTensor's class takes half a second
        values = values.full_tensor()
    return dict(zip(norms, values.tolist(), strict=True))
