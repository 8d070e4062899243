"""Repeated forward passes that no metric object counts."""

from collections.abc import Iterable, Iterator
from typing import Any

from torch import nn

from runtime.metric_states import metric_states, set_metric_states


def uncounted_repeats(
    model: nn.Module, forwards: Iterable[tuple[Any, bool]]
) -> Iterator[tuple[Any, bool]]:
    """Yield each batch and whether it counts; what comes of one that does not count is undone.

    The metric objects of the model are put back when the next batch is asked for.
    """
    for batch, counts in forwards:
        states = {} if counts else metric_states(model)
        yield batch, counts
        set_metric_states(model, states)
