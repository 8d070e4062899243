"""Agreement of all processes."""

import torch.distributed as dist


def all_ranks(flag: bool) -> bool:
    """Return whether the flag is true on every rank; all ranks get the same answer."""
    flags = [False] * dist.get_world_size()
    dist.all_gather_object(flags, flag)
    return all(flags)
