"""What a step or a hook of a sharded model writes by itself."""

from typing import Any

from torch import Tensor
from torch.distributed.tensor import DTensor

from runtime.log import Log


class ShardedLog(Log):
    """As Log, but a tensor that is sharded is gathered first: all ranks call it, and one writes."""

    def scalar(self, name: str, value: Any) -> None:
        super().scalar(name, whole(value))

    def image(self, name: str, image: Any) -> None:
        super().image(name, whole(image))

    def histogram(self, name: str, values: Any) -> None:
        super().histogram(name, whole(values))


def whole(value: Any) -> Any:
    """Return a copy of a tensor, gathered where it is sharded; anything else as it is."""
    if isinstance(value, DTensor):
        value = value.full_tensor()
    # FSDP could not free the memory of gathered parameters that NumPy has seen
    return value.detach().clone() if isinstance(value, Tensor) else value
