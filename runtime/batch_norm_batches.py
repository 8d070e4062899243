"""The batches that give batch norm its statistics anew."""

from collections.abc import Iterable, Iterator
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def batch_norm_batches(model: nn.Module, loader: Iterable[Any]) -> Iterator[Any]:
    """Yield every batch of the loader, or none where the model has no batch norm.

    Each is meant for one forward pass in training mode. Running means and variances are then the
    plain means over all batches, as after torch.optim.swa_utils.update_bn. What a model keeps in
    evaluation mode while it is trained keeps its statistics.
    """
    modules = list(trained_batch_norm(model))
    momenta = [module.momentum for module in modules]
    for number, batch in enumerate(loader if modules else ()):
        if number == 0:
            for module in modules:
                module.reset_running_stats()
                module.momentum = None  # the mean over all batches so far
        yield batch
    for module, momentum in zip(modules, momenta, strict=True):
        module.momentum = momentum


def trained_batch_norm(model: nn.Module) -> Iterator[_BatchNorm]:
    """Yield the modules that follow the statistics of their batches."""
    for module in model.modules():
        if isinstance(module, _BatchNorm) and module.training and module.track_running_stats:
            yield module
