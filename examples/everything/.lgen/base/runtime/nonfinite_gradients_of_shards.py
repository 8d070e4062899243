"""Names the parameters of a sharded model whose gradients are no numbers on some rank."""

from torch import nn
from torch.optim import Optimizer

from runtime.from_all_ranks import from_all_ranks
from runtime.nonfinite_names import listed, nonfinite_names


def nonfinite_gradients_of_shards(model: nn.Module, optimizer: Optimizer) -> str:
    """Return the names as text, empty where all is finite; all ranks call it."""
    of_ranks = from_all_ranks(nonfinite_names(model, optimizer))
    bad = {name for names in of_ranks for name in names}
    return listed([name for name, _ in model.named_parameters() if name in bad])
