"""Parameters that several optimizers have in common."""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from torch import nn


def check_apart(
    model: nn.Module,
    parameters: Mapping[str, Sequence[nn.Parameter]],
    accumulating: Collection[str],
) -> None:
    """End the program if a block that accumulates has a parameter in common with another.

    `parameters` are those of each block. Weights that are tied are one parameter of several names.
    """
    for one, other in combinations(parameters, 2):
        shared = set(parameters[one]) & set(parameters[other])
        if not shared or one not in accumulating and other not in accumulating:
            continue
        named = list(model.named_parameters(remove_duplicate=False))
        first = next(parameter for _, parameter in named if parameter in shared)
        names = " = ".join(name for name, parameter in named if parameter is first)
        raise SystemExit(
            f"the blocks {one} and {other} have a parameter in common ({names}): gradients that "
            "one of them accumulates would be cleared by the other; untie it, or remove "
            "accumulate_grad_batches"
        )
