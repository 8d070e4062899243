"""The parts of a model that are sharded on their own."""

from torch import nn


def modules_by_class(model: nn.Module, *names: str) -> list[nn.Module]:
    """Return the modules inside the model whose class has one of the names, inner ones first.

    Ends the program where a name fits no module: the whole model would be gathered at once.
    """
    modules = list(model.modules())[:0:-1]
    for name in names:
        if not any(type(module).__name__ == name for module in modules):
            raise SystemExit(f"fsdp: the model has no module of the class {name}")
    return [module for module in modules if type(module).__name__ in names]
