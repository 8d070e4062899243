"""What one rank holds of a sharded model."""

from torch import Tensor, nn

from runtime.reshard import reshard


class LocalShards(nn.Module):
    """The shards of this rank and the buffers, as plain tensors that the model's own memory backs.

    Unlike the model it can be copied, as an average of it has to be. What an evaluation has
    gathered and kept is freed: the next forward pass gathers the shards as they are then.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        reshard(model)
        for number, parameter in enumerate(model.parameters()):
            shard = nn.Parameter(local(parameter.detach()), requires_grad=False)
            self.register_parameter(f"parameter_{number}", shard)
        for number, buffer in enumerate(model.buffers()):
            self.register_buffer(f"buffer_{number}", local(buffer))


def local(tensor: Tensor) -> Tensor:
    """Return this rank's part of a tensor, which is all of one that is not sharded."""
    part: Tensor = tensor.to_local() if hasattr(tensor, "to_local") else tensor
    return part
