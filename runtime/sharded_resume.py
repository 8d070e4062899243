"""Resumes a sharded model, also on another number of ranks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch.distributed as dist
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.optim import Optimizer

from runtime.checkpoint_folder import load_state, load_verified_state
from runtime.resume_path import resume_checkpoint


def resume_sharded(root: str | Path, which: str) -> tuple[Path, dict[str, Any]]:
    """Return the run's folder and the plain part of the checkpoint: "last", "best" or a path.

    Rank 0 verifies every file of it, and all ranks take the same one.
    """
    if dist.get_rank() == 0:
        found = resume_checkpoint(root, which, load_verified_state)
        dist.broadcast_object_list([found[0], found[1]["folder"]], src=0)
        return found
    chosen: list[Any] = [None, None]
    dist.broadcast_object_list(chosen, src=0)
    run, folder = chosen
    return run, load_state(Path(folder))


def restore_model(checkpoint: Mapping[str, Any], model: nn.Module) -> None:
    """Read this rank's part of the weights."""
    state = {"model": get_model_state_dict(model)}
    load(state, checkpoint_id=checkpoint["folder"])
    set_model_state_dict(model, state["model"])


def restore_optimizer(
    checkpoint: Mapping[str, Any], model: nn.Module, optimizer: Optimizer
) -> None:
    """Read this rank's part of the optimizer's state."""
    state = {"optimizer": get_optimizer_state_dict(model, optimizer)}
    load(state, checkpoint_id=checkpoint["folder"])
    set_optimizer_state_dict(model, optimizer, state["optimizer"])
