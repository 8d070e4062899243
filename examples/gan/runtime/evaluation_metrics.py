"""Means over all batches of an evaluation."""

from runtime.weighted_sums import PendingMetrics, Sums, add


class EvaluationMetrics(PendingMetrics):
    """Sums of the metrics of an evaluation step, by what each batch weighs."""

    def __init__(self) -> None:
        super().__init__()
        self.total: Sums = {}

    def read(self) -> None:
        """Read what is pending."""
        add(self.total, self.take())

    def sums(self) -> Sums:
        """Return sum of value * weight and sum of weights, by metric."""
        self.read()
        return self.total
