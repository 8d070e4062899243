"""Weighted sums of metrics, kept on the device until they are read."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

Reading = tuple[float, float, int]  # value, weight, step
Sums = dict[str, tuple[float, float]]
MAX_PENDING = 1000  # batches whose metrics wait on the device


class PendingMetrics:
    """The metrics of batches whose values have not been read yet."""

    def __init__(self) -> None:
        self.batches: list[tuple[dict[str, Any], Any, int]] = []

    def append(
        self, outputs: Mapping[str, Any], weight: Tensor | float, step: int = 0, prefix: str = ""
    ) -> None:
        """Add the outputs of a batch that weighs so much; waits for no device.

        Those of one step are read together; 0 stands for none. The outputs are copied, since the
        next step may overwrite what it has returned: a buffer, or the memory of a CUDA graph.
        """
        if len(self.batches) >= MAX_PENDING and (step == 0 or step != self.batches[-1][2]):
            self.read()
        taken = {}
        for name, value in outputs.items():
            if isinstance(value, Tensor):
                # on the CPU there is nothing to wait for, and no tensor needs to be kept
                scalar = value.is_cpu and value.dim() == 0
                value = value.item() if scalar else value.detach().clone()
            taken[prefix + name] = value
        if isinstance(weight, Tensor):
            weight = weight.detach().clone()
        self.batches.append((taken, weight, step))

    def read(self) -> None:
        """Add what is pending to the sums: what each kind of metrics does with take()."""
        raise NotImplementedError

    def take(self) -> dict[str, list[Reading]]:
        """Return what has been appended since the last call, by metric."""
        batches, self.batches = self.batches, []
        if batches and isinstance(batches[0][1], Tensor):
            weights = as_numbers("that weighs the batch", [weight for _, weight, _ in batches])
            batches = [(o, w, step) for (o, _, step), w in zip(batches, weights, strict=True)]
        readings = {}
        for name in dict.fromkeys(name for outputs, _, _ in batches for name in outputs):
            given = [(outputs[name], w, step) for outputs, w, step in batches if name in outputs]
            values, of_values, steps = zip(*given, strict=True)
            readings[name] = list(zip(as_numbers(name, values), of_values, steps, strict=True))
        return readings


def as_numbers(name: str, values: Sequence[Any]) -> list[float]:
    """Return the values of a metric; tensors of one kind are read in one transfer.

    Ends the program, naming the metric, where a value is no single number.
    """
    if isinstance(values[0], Tensor):
        try:
            together = torch.stack(values)  # type: ignore[arg-type]
        except (TypeError, RuntimeError):  # not all are tensors, or not of one kind
            return [as_number(name, value) for value in values]
        values = together.tolist() if together.dim() == 1 else list(together)
    return [value if type(value) is float else as_number(name, value) for value in values]


def as_number(name: str, value: Any) -> float:
    """Return a tensor with one element, or a plain number, as a float."""
    if isinstance(value, Tensor) and value.numel() != 1:
        given = f"has the shape {tuple(value.shape)}"
    else:
        try:
            return float(value)
        except (TypeError, ValueError, RuntimeError):  # a tensor of complex numbers
            given = f"is {value!r}"
    raise SystemExit(f"the step's output {name} {given}, but must be one number")


def add(sums: Sums, readings: Mapping[str, list[Reading]]) -> None:
    """Add value * weight, one batch after the other, in float64; no weight adds nothing."""
    for name, of_batches in readings.items():
        total, weights = sums.get(name, (0.0, 0.0))
        for value, weight, _ in of_batches:
            if weight:
                total += value * weight
                weights += weight
        sums[name] = (total, weights)


def means(
    sums: Mapping[str, tuple[float, float]], prefix: str, suffix: str = ""
) -> dict[str, float]:
    """Return sum over weight for each metric, under its name with prefix and suffix."""
    return {
        f"{prefix}{name}{suffix}": value / weight if weight else float("nan")
        for name, (value, weight) in sums.items()
    }
