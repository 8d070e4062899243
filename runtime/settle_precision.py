"""Settles the number format of a sharded model's gradients."""

from torch import nn
from torch.distributed.fsdp import register_fsdp_forward_method

from runtime.reshard import reshard


def settle_precision(model: nn.Module) -> None:
    """Let FSDP look at all parameters while all of them are trained.

    It settles the format of their gradients in the first forward pass, and has none for shards
    that are frozen then. The forward pass is one of no layer.
    """
    name = "_settle_precision"
    setattr(model, name, lambda: None)
    register_fsdp_forward_method(model, name)
    getattr(model, name)()
    delattr(model, name)
    reshard(model)
