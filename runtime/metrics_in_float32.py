"""Metric objects of a model in half precision."""

import torch
from torch import nn
from torchmetrics import Metric


def metrics_in_float32(model: nn.Module) -> None:
    """Let the metric objects count in float32: from 2048 on float16 has no odd numbers."""
    for module in model.modules():
        if isinstance(module, Metric):
            module.to(torch.float32)
