"""Means over the processes of what each has computed from its part of the data."""

from collections.abc import Mapping
from typing import Any

from runtime.from_all_ranks import from_all_ranks


def mean_over_ranks(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the mean of each number over the ranks that have it, the same on all ranks.

    All ranks call it.
    """
    of_ranks = from_all_ranks({name: float(value) for name, value in values.items()})
    names = dict.fromkeys(name for of_rank in of_ranks for name in of_rank)
    means = {}
    for name in names:
        given = [of_rank[name] for of_rank in of_ranks if name in of_rank]
        means[name] = sum(given) / len(given)
    return means
