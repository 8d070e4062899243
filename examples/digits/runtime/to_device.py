"""Batches on the device."""

from typing import Any

import torch

from runtime.nested import map_tensors


def to_device(batch: Any, device: torch.device) -> Any:
    """Return the batch with its tensors, and other objects that have `to(device)`, on the device.

    Copies from pinned memory do not wait for the device.
    """

    def move(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.to(device, non_blocking=True)
        return value.to(device)

    return map_tensors(move, batch)
