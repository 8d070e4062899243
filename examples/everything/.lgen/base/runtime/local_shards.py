"""What one rank holds of a sharded model."""

from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule

from runtime.swap import tensors


class LocalShards(nn.Module):
    """The shards of this rank and the buffers, as plain tensors that the model's own memory backs.

    Unlike the model it can be copied, as an average of it has to be. What an evaluation has
    gathered and kept is freed: the next forward pass gathers the shards as they are then.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        for module in model.modules():
            if isinstance(module, FSDPModule):
                module.reshard()
        for number, tensor in enumerate(tensors(model)):
            self.register_buffer(str(number), local(tensor.detach()))


def local(tensor: Tensor) -> Tensor:
    """Return this rank's part of a tensor, which is all of one that is not sharded."""
    part: Tensor = tensor.to_local() if hasattr(tensor, "to_local") else tensor
    return part
