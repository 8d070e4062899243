"""Learning rates that fall from the last layer of a model to its first."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import nn


def decay_by_layer(
    model: nn.Module,
    groups: Sequence[dict[str, Any]],
    layers: Sequence[str | Sequence[str]],
    lr: float,
    factor: float,
) -> list[dict[str, Any]]:
    """Return the groups of parameters split by layer, those of the last layer first.

    The last layer keeps its rate, which is lr or the group's own, and each before it has `factor`
    times that of the next.
    """
    layer_of = layers_by_parameter(model, layers)
    names = {parameter: name for name, parameter in model.named_parameters()}
    last = max(layer_of.values())
    found: list[dict[str, Any]] = []
    for layer in range(last, -1, -1):
        for group in groups:
            inside = [p for p in group["params"] if layer_of[names[p]] == layer]
            if inside:
                rate = group.get("lr", lr) * factor ** (last - layer)
                found.append({**group, "params": inside, "lr": rate})
    return found


def layers_by_parameter(model: nn.Module, layers: Sequence[str | Sequence[str]]) -> dict[str, int]:
    """Return by name the number of each parameter's layer, which is 0 next to the input.

    A text names a module or a parameter, or as a glob several modules, each a layer; a list of
    texts is one layer. In a glob * stands for one part of a name.

    Ends the program where a name is not there, or a parameter is not in exactly one of two layers
    or more.
    """
    parameters = [name for name, _ in model.named_parameters()]
    parts = [name.split(".") for name in parameters]
    around = {".".join(part[:end]) for part in parts for end in range(1, len(part))}
    modules = [name for name, _ in model.named_modules() if name in around]

    def named(pattern: str) -> list[str]:
        """Return the names of modules, or of one parameter, that the pattern stands for."""
        known = modules if any(sign in pattern for sign in "*?[") else [*modules, *parameters]
        dots = pattern.count(".")
        names = [n for n in known if n.count(".") == dots and fnmatchcase(n, pattern)]
        if not names:
            raise SystemExit(f"layer_decay: the model has no layer {pattern}, or no weights in it")
        return names

    numbered: list[list[str]] = []
    for item in layers:
        if isinstance(item, str):
            numbered += [[name] for name in named(item)]
        else:
            numbered.append([name for pattern in item for name in named(pattern)])
    if len(numbered) == 1:
        raise SystemExit(f"layer_decay: {numbered[0][0]} is the only layer, so no rate decays")
    found: dict[str, int] = {}
    for parameter in parameters:
        inside = [
            number
            for number, names in enumerate(numbered)
            if any(f"{parameter}.".startswith(f"{name}.") for name in names)
        ]
        if len(inside) != 1:
            where = "two layers" if inside else "no layer; name it or its module as one"
            raise SystemExit(f"layer_decay: {parameter} is in {where}")
        found[parameter] = inside[0]
    return found
