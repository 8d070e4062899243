"""Groups of parameters that the optimizer treats differently."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)


def parameter_groups(model: nn.Module, *rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what no rule matches as the first group, and a group for each rule behind it.

    A rule's "match" lists patterns: "bias" is a parameter of this name, "norm" one of a
    normalization layer, all else a glob of whole names as in model.named_parameters(); its other
    keys are the group's arguments. A parameter follows the first rule that matches it.

    Ends the program where a group would be empty, or a glob matches no parameter.
    """
    norms = {
        f"{name}.{own}".removeprefix(".")
        for name, module in model.named_modules()
        if isinstance(module, NORMS)
        for own, _ in module.named_parameters(recurse=False)
    }
    names = [name for name, _ in model.named_parameters()]
    for pattern in (pattern for rule in rules for pattern in rule["match"]):
        if pattern not in ("bias", "norm") and not any(fnmatchcase(n, pattern) for n in names):
            inside = any(name.startswith(f"{pattern}.") for name in names)
            more = f"; {pattern}.* matches those of the module" if inside else ""
            raise SystemExit(f"optimizer groups: no parameter's name matches {pattern}{more}")
    groups: list[dict[str, Any]] = [{"params": []}]
    for rule in rules:
        groups.append({"params": [], **{k: v for k, v in rule.items() if k != "match"}})
    for name, parameter in model.named_parameters():
        matching = (n for n, rule in enumerate(rules, 1) if matches(name, rule["match"], norms))
        groups[next(matching, 0)]["params"].append(parameter)
    for group, rule in zip(groups[1:], rules, strict=True):
        if not group["params"]:
            patterns = ", ".join(rule["match"])
            raise SystemExit(f"optimizer groups: no parameter is left that matches {patterns}")
    if not groups[0]["params"]:
        raise SystemExit(
            "optimizer groups: every parameter matches, and none is left for the optimizer's own "
            "arguments; give it those of the last group in the group's place"
        )
    return groups


def matches(name: str, patterns: Sequence[str], norms: set[str]) -> bool:
    """Return whether one of the patterns is about the parameter."""
    return any(
        (pattern == "bias" and name.rpartition(".")[2] == "bias")
        or (pattern == "norm" and name in norms)
        or fnmatchcase(name, pattern)
        for pattern in patterns
    )
