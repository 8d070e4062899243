"""Sums over all processes."""

from collections.abc import Mapping

import torch.distributed as dist


def sum_over_ranks(sums: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Return the sums of all ranks together, the same on every rank.

    A rank that had no batch may lack a name. The ranks are added in their order, in float64.
    """
    gathered: list[Mapping[str, tuple[float, float]]] = [{}] * dist.get_world_size()
    dist.all_gather_object(gathered, dict(sums))
    total: dict[str, tuple[float, float]] = {}
    for of_rank in gathered:
        for name, (value, weight) in of_rank.items():
            value_so_far, weight_so_far = total.get(name, (0.0, 0.0))
            total[name] = (value_so_far + value, weight_so_far + weight)
    return total
