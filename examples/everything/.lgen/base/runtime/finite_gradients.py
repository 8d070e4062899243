"""Gradients that are no numbers."""

from collections.abc import Iterable

from torch import Tensor
from torch.nn.utils import get_total_norm


def has_finite_gradients(parameters: Iterable[Tensor]) -> bool:
    """Return whether no gradient is NaN or infinite; reads one value from the device.

    Of a sharded model all ranks call it, and it looks at all shards.
    """
    norm = get_total_norm(p.grad for p in parameters if p.grad is not None)
    if hasattr(norm, "full_tensor"):  # the import of a DTensor's class takes half a second
        norm = norm.full_tensor()
    return bool(norm.isfinite())
