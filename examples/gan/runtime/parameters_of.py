"""The parameters of some parts of a model."""

from torch import nn


def parameters_of(model: nn.Module, *parts: str) -> list[nn.Parameter]:
    """Return the parameters of these parts, each once: modules or parameters, as in encoder.norm.

    Ends the program where the model has no such part, where a part has no parameter, or where all
    of them are frozen.
    """
    found: dict[nn.Parameter, None] = {}
    for part in parts:
        of_part = [
            parameter
            for name, parameter in model.named_parameters(remove_duplicate=False)
            if name == part or name.startswith(f"{part}.")
        ]
        if not of_part:
            children = [name for name, _ in model.named_children()]
            raise SystemExit(
                f"{type(model).__name__} has no parameters in {part}; its parts: "
                f"{', '.join(children)}"
            )
        found.update(dict.fromkeys(of_part))
    if not any(parameter.requires_grad for parameter in found):
        raise SystemExit(f"{', '.join(parts)}: all parameters are frozen, and none can be trained")
    return list(found)
