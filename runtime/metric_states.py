"""What the torchmetrics objects of a model hold between their updates."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection

COUNTERS = ("_update_count", "_num_vals_seen")  # beside the states, in a metric or a window of it
GROUPS = ("_groups", "_groups_checked")  # in a collection: the metrics that share their states


def metric_states(model: nn.Module, device: str | None = None) -> dict[str, dict[str, Any]]:
    """Return what each metric object holds, by its name in the model, as copies.

    They are copied to the device, or to where they are.
    """
    states: dict[str, dict[str, Any]] = {}
    for name, module in model.named_modules():
        if isinstance(module, MetricCollection):
            module.items(keep_base=True, copy_state=False)  # gives each metric its group's states
            states[name] = {key: deepcopy(getattr(module, key)) for key in GROUPS}
        elif isinstance(module, Metric):
            keys = [*module.metric_state, *(key for key in COUNTERS if hasattr(module, key))]
            states[name] = {key: copied(getattr(module, key), device) for key in keys}
    return states


def set_metric_states(model: nn.Module, states: Mapping[str, Mapping[str, Any]]) -> None:
    """Let the metric objects hold these states, which fit them."""
    for name, state in states.items():
        module = model.get_submodule(name)
        for key, value in state.items():
            if isinstance(module, Metric):
                device = "cpu" if module.compute_on_cpu and isinstance(value, list) else None
                value = copied(value, device or module.device)
            setattr(module, key, value)
        if isinstance(module, Metric):
            module._computed = None  # the result of other states


def reset_metrics(model: nn.Module) -> None:
    """Let every metric object start anew."""
    for module in model.modules():
        if isinstance(module, Metric):
            module.reset()


def copied(value: Any, device: str | torch.device | None) -> Any:
    """Return a copy of a state, which is a tensor or a list, or of a plain number.

    What is appended to a list is not changed any more, so its elements are no copies. Copies that
    are made in inference mode can be trained on.
    """
    with torch.inference_mode(False):
        if isinstance(value, Tensor):
            return value.detach().to(device or value.device, copy=True)
        if isinstance(value, list):
            return [
                item.detach().to(device or item.device) if isinstance(item, Tensor) else item
                for item in value
            ]
    return value
