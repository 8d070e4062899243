"""Freezes a part of a model, and lets an optimizer train it later."""

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer


def freeze(model: nn.Module, part: str, train_bn: bool = True) -> list[str]:
    """Freeze a part of the model and return the names of its parameters that were trained.

    Its batch norm layers are trained from the start, or without train_bn never. What was frozen
    before is not returned. Ends the program where there is no such part, nothing beside it, or
    nothing in it that can be trained later.
    """
    try:
        modules = list(model.get_submodule(part).modules())
    except AttributeError:
        parts = ", ".join(name for name, _ in model.named_children())
        raise SystemExit(f"finetuning: the model has no part {part!r} (it has: {parts})") from None
    norms = {p for m in modules if isinstance(m, _BatchNorm) for p in m.parameters()}
    others = {p for m in modules for p in m.parameters(recurse=False)} - norms
    later = [
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter in others
    ]
    if not later:
        if not norms and not others:
            reason = "has no parameters"
        elif others:
            reason = "is frozen by the model itself"
        else:
            reason = "has parameters of batch norm only"
        raise SystemExit(f"finetuning: nothing can be trained later, for {part!r} {reason}")
    for parameter in others if train_bn else others | norms:
        parameter.requires_grad = False
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise SystemExit(f"finetuning: the model has nothing to train beside {part!r}")
    return later


def unfreeze(
    model: nn.Module, names: list[str], optimizer: Optimizer, lr: float, scheduler: Any = None
) -> None:
    """Add the parameters with these names to the optimizer, as a group with a rate of its own."""
    later = set(names)
    parameters = [parameter for name, parameter in model.named_parameters() if name in later]
    for parameter in parameters:
        parameter.requires_grad = True
    optimizer.add_param_group({"params": parameters})
    set_last_rate(optimizer, lr, scheduler)


def set_last_rate(optimizer: Optimizer, lr: float, scheduler: Any = None) -> None:
    """Give the last group a rate; a schedule goes on from it in proportion to the first group's."""
    first, last = optimizer.param_groups[0], optimizer.param_groups[-1]
    last["lr"] = lr
    if scheduler is None:
        return
    scheduler._last_lr = [group["lr"] for group in optimizer.param_groups]
    share = lr / first["lr"] if first["lr"] else 1.0
    if "initial_lr" in first:
        last["initial_lr"] = share * first["initial_lr"]
    for part in [scheduler, *getattr(scheduler, "_schedulers", [])]:
        if hasattr(part, "base_lrs"):
            part.base_lrs[1:] = [share * part.base_lrs[0]]
