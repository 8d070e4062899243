"""Metric objects that start anew for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from runtime.metric_states import metric_states, reset_metrics, set_metric_states


@contextmanager
def fresh_metrics(model: nn.Module) -> Iterator[None]:
    """Let the metric objects start anew; afterwards they go on from what they held before."""
    states = metric_states(model)
    reset_metrics(model)
    try:
        yield
    finally:
        set_metric_states(model, states)
