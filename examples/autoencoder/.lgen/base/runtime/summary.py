"""A model's parts and their sizes."""

from torch import nn
from torch.nn.parameter import UninitializedParameter


def summarize(model: nn.Module, depth: int = 1) -> str:
    """Return a table of the model's parts, their types and numbers of parameters.

    Parts are those of so many levels; -1 are all.
    """
    rows = [("name", "type", "parameters")]
    for name, part in model.named_modules():
        if name and (depth == -1 or name.count(".") < depth):
            number = "not known yet" if is_lazy(part) else f"{num_parameters(part):,}"
            rows.append((name, type(part).__name__, number))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
    if is_lazy(model):
        return "\n".join([*lines, "the first batch shows the shapes of the others"])
    total = num_parameters(model)
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    megabytes = sum(p.numel() * p.element_size() for p in model.parameters()) / 1e6
    lines.append(f"{total:,} parameters, {trainable:,} trainable, {megabytes:,.1f} MB")
    return "\n".join(lines)


def is_lazy(module: nn.Module) -> bool:
    """Return whether the module has parameters whose shapes are still to come."""
    return any(isinstance(parameter, UninitializedParameter) for parameter in module.parameters())


def num_parameters(module: nn.Module) -> int:
    """Return the number of parameters, each counted once."""
    return sum(parameter.numel() for parameter in module.parameters())
