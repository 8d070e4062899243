"""Ends a run whose weights are no numbers any more."""

import torch
from torch import nn


def stop_on_nonfinite_weights(model: nn.Module) -> None:
    """End the program if a weight is NaN or infinite; reads one value from the device.

    A finite loss can have a gradient that is none. Of a sharded model this looks at the shards of
    this rank.
    """
    shards = [getattr(p, "to_local", lambda p=p: p)() for p in model.parameters()]
    finite = [shard.detach().isfinite().all() for shard in shards if shard.numel()]
    if finite and not bool(torch.stack(finite).all()):
        raise SystemExit("a weight is not finite after this step; earlier checkpoints are kept")
