"""The gradients that an optimizer's step is made of."""

from torch import Tensor, nn
from torch.optim import Optimizer


def trained_gradients(model: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """Return the gradients of the parameters that the optimizer has, by name in the model's order.

    Parameters without a gradient are left out.
    """
    trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
    return {
        name: p.grad
        for name, p in model.named_parameters()
        if id(p) in trained and p.grad is not None
    }
