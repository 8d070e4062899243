"""Batch norm of a sharded model whose other parts are gathered in half precision."""

from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard


def shard_batch_norm(model: nn.Module, mesh: DeviceMesh) -> None:
    """Shard each batch norm by itself, in float32; a model without any stays as it is."""
    for module in list(model.modules()):
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            fully_shard(module, mesh=mesh)
