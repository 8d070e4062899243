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
        batches, self.batches = self.batches, []
        names = [name for outputs, _, _ in batches for name in outputs]
        values = [value for outputs, _, _ in batches for value in outputs.values()]
        numbers = iter(read_together(names, values))
        return [
            # zip takes a name first, so no number is lost where the names end
            (dict(zip(outputs, numbers, strict=False)), weight, step)
            for outputs, weight, step in batches
        ]


def read_together(names: list[str], values: list[Any]) -> list[float]:
    """Return scalar tensors and plain numbers as floats, reading each kind of tensor at once.

    Ends the program, naming it, where a value is no single number.
    """
    places: dict[tuple[torch.dtype, torch.device], list[int]] = {}
    for place, value in enumerate(values):
        if isinstance(value, Tensor):
            if value.dim():
                if value.numel() != 1:
                    raise SystemExit(
                        f"the step's output {names[place]} has the shape {tuple(value.shape)}, "
                        "but must be one number"
                    )
                values[place] = value.reshape(())
            places.setdefault((value.dtype, value.device), []).append(place)
    numbers = values.copy()
    for indices in places.values():
        together = torch.stack([values[place] for place in indices]).tolist()
        for place, number in zip(indices, together, strict=True):
            numbers[place] = number
    return [float(number) for number in numbers]


def add(sums: Sums, values: Mapping[str, float], weight: float) -> None:
    """Add a batch's values, one batch after the other, in float64."""
    for name, value in values.items():
        total, weights = sums.get(name, (0.0, 0.0))
        sums[name] = (total + value * weight, weights + weight)


def means(
    sums: Mapping[str, tuple[float, float]], prefix: str, suffix: str = ""
) -> dict[str, float]:
    """Return sum over weight for each metric, under its name with prefix and suffix."""
    return {
        prefix + name + suffix: value / weight if weight else float("nan")
        for name, (value, weight) in sums.items()
    }
