"""Gradients that are no numbers."""

from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.nn.utils import get_total_norm


def has_finite_gradients(model: nn.Module) -> bool:
    """Return whether no gradient is NaN or infinite; reads one value from the device.

    Of a sharded model all ranks call it, and it looks at all shards.
    """
    norm: Tensor = get_total_norm(p.grad for p in model.parameters() if p.grad is not None)
    if isinstance(norm, DTensor):
        norm = norm.full_tensor()
    return bool(norm.isfinite())
