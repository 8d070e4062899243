"""Resumes a sharded model, also on another number of ranks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.optim import Optimizer

from runtime.checkpoint_folder import load_state, load_verified_state
from runtime.resume_on_all_ranks import resume_on_all_ranks


def resume_sharded(root: str | Path, which: str) -> tuple[Path, dict[str, Any]]:
    """Return the run's folder and the plain part of the checkpoint: "last", "best" or a path.

    Rank 0 verifies every file of it.
    """
    return resume_on_all_ranks(root, which, load_verified_state, load_state)


def restore_model(checkpoint: Mapping[str, Any], model: nn.Module) -> None:
    """Read this rank's part of the weights."""
    state = {"model": get_model_state_dict(model)}
    read(state, checkpoint["path"])
    set_model_state_dict(model, state["model"])


def restore_optimizers(
    checkpoint: Mapping[str, Any], model: nn.Module, **optimizers: Optimizer
) -> None:
    """Read this rank's part of the state that the checkpoint holds under each optimizer's name."""
    stored = stored_paths(checkpoint["path"])
    for name, optimizer in optimizers.items():
        state: dict[str, Any] = get_optimizer_state_dict(model, optimizer)
        of = state["state"]
        # what no step has changed has no state
        state["state"] = {key: of[key] for key in of if (name, "state", key) in stored}
        parameters = [group["params"] for group in state["param_groups"]]
        read({name: state}, checkpoint["path"])
        if [group["params"] for group in state["param_groups"]] != parameters:
            raise SystemExit(f"the checkpoint does not fit the {name}: it has other parameters")
        set_optimizer_state_dict(model, optimizer, state, options=StateDictOptions(strict=False))


def stored_paths(folder: str) -> set[tuple[str, ...]]:
    """Return where something is stored, as in ("optimizer", "state", "enter.weight")."""
    stored = FileSystemReader(folder).read_metadata().planner_data.values()
    return {path[:end] for path in stored for end in range(1, len(path) + 1)}


def read(state: dict[str, Any], folder: str) -> None:
    """Fill the state from the shards; ends the program where they do not fit."""
    try:
        load(state, checkpoint_id=folder)
    except CheckpointException as error:
        failure, _ = next(iter(error.failures.values()))
        name = next(iter(state))
        raise SystemExit(f"the checkpoint does not fit the {name}: {failure}") from None
