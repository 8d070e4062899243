"""Weighted sums of metrics, kept on the device until they are read."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

Sums = dict[str, tuple[float, float]]
MAX_PENDING = 1000  # batches whose metrics wait on the device


class PendingMetrics:
    """The metrics of batches whose values have not been read yet."""

    def __init__(self) -> None:
        self.batches: list[tuple[dict[str, Any], float, int]] = []

    def append(self, outputs: Mapping[str, Any], weight: float, step: int) -> None:
        """Take over a step's outputs; waits for no device."""
        detached = {
            name: value.detach() if isinstance(value, Tensor) else value
            for name, value in outputs.items()
        }
        self.batches.append((detached, weight, step))

    def read(self) -> list[tuple[dict[str, float], float, int]]:
        """Return the values of all batches since the last call: one transfer for all of them."""
        tensors = [
            value.reshape(())
            for outputs, _, _ in self.batches
            for name, value in outputs.items()
            if isinstance(value, Tensor) and is_scalar(name, value)
        ]
        numbers = iter(read_together(tensors))
        result = [
            (
                {n: next(numbers) if isinstance(v, Tensor) else float(v) for n, v in outputs.items()},
                weight,
                step,
            )
            for outputs, weight, step in self.batches
        ]
        self.batches = []
        return result


def is_scalar(name: str, value: Tensor) -> bool:
    """Return True; ends the program where a metric is no single number."""
    if value.numel() != 1:
        raise SystemExit(
            f"the step's output {name} has the shape {tuple(value.shape)}, but must be one number"
        )
    return True


def read_together(tensors: list[Tensor]) -> list[float]:
    """Return the values of scalar tensors, reading each kind from the device at once."""
    by_kind: dict[tuple[torch.dtype, torch.device], list[int]] = {}
    for index, tensor in enumerate(tensors):
        by_kind.setdefault((tensor.dtype, tensor.device), []).append(index)
    values = [0.0] * len(tensors)
    for indices in by_kind.values():
        stacked = torch.stack([tensors[index] for index in indices])
        for index, value in zip(indices, stacked.tolist()):
            values[index] = float(value)
    return values


def add(sums: Sums, values: Mapping[str, float], weight: float) -> None:
    """Add a batch's values, one batch after the other, in float64."""
    for name, value in values.items():
        total, weights = sums.get(name, (0.0, 0.0))
        sums[name] = (total + value * weight, weights + weight)


def means(sums: Mapping[str, tuple[float, float]], prefix: str, suffix: str = "") -> dict[str, float]:
    """Return sum over weight for each metric, under its name with prefix and suffix."""
    return {prefix + name + suffix: value / weight for name, (value, weight) in sums.items()}
