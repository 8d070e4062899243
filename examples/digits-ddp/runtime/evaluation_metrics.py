"""Means over all samples of an evaluation."""

from collections.abc import Mapping
from typing import Any

from runtime.weighted_sums import MAX_PENDING, PendingMetrics, Sums, add


class EvaluationMetrics:
    """Sums of the metrics of an evaluation step, weighted by samples."""

    def __init__(self) -> None:
        self.pending = PendingMetrics()
        self.total: Sums = {}

    def append(self, outputs: Mapping[str, Any], weight: float) -> None:
        """Add the outputs of a batch, which weighs as much as it has samples."""
        self.pending.append(outputs, weight, 0)
        if len(self.pending.batches) >= MAX_PENDING:
            self.sums()

    def sums(self) -> Sums:
        """Return sum of value * weight and sum of weights, by metric."""
        for values, weight, _ in self.pending.read():
            add(self.total, values, weight)
        return self.total
