"""Batches in the number format of the model."""

from typing import Any

import torch

from runtime.nested import map_tensors


def to_dtype(batch: Any, dtype: torch.dtype) -> Any:
    """Return the batch with its floating point tensors cast to dtype; others stay as they are."""

    def cast(value: Any) -> Any:
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            return value.to(dtype)
        return value

    return map_tensors(cast, batch)
