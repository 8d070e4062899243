"""Sums over all processes."""

from collections.abc import Mapping

from runtime.from_all_ranks import from_all_ranks


def sum_over_ranks(sums: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Return the sums of all ranks together, the same on every rank.

    A rank that had no batch may lack a name. The ranks are added in their order, in float64.
    """
    total: dict[str, tuple[float, float]] = {}
    for of_rank in from_all_ranks(dict(sums)):
        for name, (value, weight) in of_rank.items():
            value_so_far, weight_so_far = total.get(name, (0.0, 0.0))
            total[name] = (value_so_far + value, weight_so_far + weight)
    return total
