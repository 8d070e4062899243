"""Ends a run whose weights are no numbers any more."""

import torch
import torch.distributed as dist
from torch import nn


def stop_on_nonfinite_weights(model: nn.Module) -> None:
    """End the program if a weight is NaN or infinite, or a buffer NaN; reads one value from the
    device.

    A finite loss can have a gradient that is none. A buffer may hold infinities, such as a mask's.
    Of a sharded model each rank looks at its own shards, and all end together.
    """
    # a DTensor's class is not asked for: its import takes half a second
    sharded = any(hasattr(weight, "to_local") for weight in model.parameters())
    weights = [w.to_local() if hasattr(w, "to_local") else w for w in model.parameters()]
    finite = [weight.detach().isfinite().all() for weight in weights if weight.numel()]
    finite += [~buffer.isnan().any() for buffer in model.buffers() if buffer.is_floating_point()]
    all_finite = not finite or bool(torch.stack(finite).all())
    if sharded:
        of_ranks = [False] * dist.get_world_size()
        dist.all_gather_object(of_ranks, all_finite)
        all_finite = all(of_ranks)
    if not all_finite:
        raise SystemExit(
            "a weight or buffer is not finite after this step; earlier checkpoints are kept"
        )
