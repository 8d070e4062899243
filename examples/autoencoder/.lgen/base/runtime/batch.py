"""The size of a batch."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor


def num_samples(batch: Any) -> int:
    """Return the length of the first tensor of a batch; a tensor without dimensions counts 1."""
    # the most common batches first: this runs in every step
    if type(batch) in (list, tuple) and batch and type(batch[0]) is Tensor:
        tensor: Tensor | None = batch[0]
    else:
        tensor = first_tensor(batch)
    if tensor is None:
        raise SystemExit(
            f"a batch of type {type(batch).__name__} holds no tensor, so its samples cannot be "
            "counted: tensors are looked for in tuples, lists and dicts"
        )
    shape = tensor.shape
    return shape[0] if shape else 1


def first_tensor(batch: Any) -> Tensor | None:
    """Return the first tensor in nested tuples, lists and dicts, None if there is none."""
    if isinstance(batch, Tensor):
        return batch
    if isinstance(batch, Mapping):
        batch = batch.values()
    elif not isinstance(batch, (list, tuple)):
        return None
    for value in batch:
        tensor = first_tensor(value)
        if tensor is not None:
            return tensor
    return None
