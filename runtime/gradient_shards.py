"""Gradients that a stopped run had not yet stepped with, of a sharded model."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from runtime.sharded_resume import read, stored_paths


def gradient_shards(model: nn.Module, parameters: Iterable[nn.Parameter]) -> dict[str, Tensor]:
    """Return the gradients of these parameters by their names, which all ranks write together."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    return {names[p]: p.grad for p in parameters if p.grad is not None}


def restore_gradient_shards(checkpoint: Mapping[str, Any], model: nn.Module, key: str) -> None:
    """Give each parameter this rank's part of the gradient that is stored under the key."""
    stored = stored_paths(checkpoint["path"])
    parameters = {name: p for name, p in model.named_parameters() if (key, name) in stored}
    gradients = {name: p.detach().clone() for name, p in parameters.items()}
    read({key: gradients}, checkpoint["path"])
    for name, parameter in parameters.items():
        parameter.grad = gradients[name]
