"""Joins the processes that torchrun has started."""

import os

import torch.distributed as dist


def start_distributed(backend: str | None, command: str) -> tuple[int, int, int]:
    """Join the process group and return rank, local rank and world size.

    backend None lets torch choose by device. Ends the program, naming the command that is right,
    where torchrun did not start it.
    """
    if not {"RANK", "LOCAL_RANK", "WORLD_SIZE"} <= os.environ.keys():
        raise SystemExit(f"this script trains in several processes; start it with: {command}")
    dist.init_process_group(backend)
    return dist.get_rank(), int(os.environ["LOCAL_RANK"]), dist.get_world_size()
