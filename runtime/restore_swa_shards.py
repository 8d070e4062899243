"""Resumes the average of a sharded model's epochs from a start epoch on."""

from collections.abc import Mapping
from typing import Any

from torch import nn
from torch.distributed.checkpoint.state_dict import get_model_state_dict, set_model_state_dict
from torch.optim.swa_utils import AveragedModel

from runtime.averaged_shards import averaged_shards
from runtime.sharded_resume import read
from runtime.swa_epochs import check_epochs, epochs_due


def restore_swa_shards(
    checkpoint: Mapping[str, Any],
    model: nn.Module,
    averaged: AveragedModel,
    start: int,
    epochs: int,
) -> None:
    """Go on with the average where one of the epochs that are done belongs to it.

    Ends the program where it holds other epochs than those from the start on.
    """
    if epochs_due(start, epochs) == 0:
        return
    if number := checkpoint.get("epochs_averaged"):
        averaged.n_averaged.fill_(number)
        # the model stands for its average while this is read, and has its own weights again after
        with averaged_shards(model, averaged):
            state = {"averaged_model": get_model_state_dict(model)}
            read(state, checkpoint["path"])
            set_model_state_dict(model, state["averaged_model"])
    check_epochs(averaged, start, epochs)
