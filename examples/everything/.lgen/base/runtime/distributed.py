"""Joins the processes that torchrun has started, and leaves them."""

import os
import time

import torch
import torch.distributed as dist


def start_distributed(backend: str | None, command: str) -> tuple[int, int, int]:
    """Join the process group and return rank, local rank and world size.

    backend None lets torch choose by device. Ends the program where torchrun did not start it,
    naming the command that is right, and where a process has no device.
    """
    if not {"RANK", "LOCAL_RANK", "WORLD_SIZE"} <= os.environ.keys():
        raise SystemExit(f"this script trains in several processes; start it with: {command}")
    local_rank = int(os.environ["LOCAL_RANK"])
    if backend != "gloo" and torch.accelerator.is_available():
        devices = torch.accelerator.device_count()
        if local_rank >= devices:
            raise SystemExit(f"process {local_rank} has no device: torch finds {devices} here")
    dist.init_process_group(backend)
    return dist.get_rank(), local_rank, dist.get_world_size()


def end_distributed() -> None:
    """Leave the process group.

    Gloo's threads outlive it, and may need Python once more to free their last tensors: one that
    is late by the time Python ends would abort the process, so they get a moment.
    """
    dist.destroy_process_group()
    time.sleep(0.1)
