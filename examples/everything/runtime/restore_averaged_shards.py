"""Puts the weights that a sharded model's average is of back into the model."""

from typing import Any

from torch import nn
from torch.distributed.checkpoint.state_dict import get_model_state_dict, set_model_state_dict
from torch.optim.swa_utils import AveragedModel

from runtime.sharded_resume import read


def restore_averaged_shards(
    checkpoint: dict[str, Any], model: nn.Module, averaged: AveragedModel
) -> None:
    """Go on with the model's own weights; it has the averaged ones, and the average is their copy.

    The average of a run that had none starts anew.
    """
    if "n_averaged" in checkpoint:
        averaged.n_averaged.fill_(checkpoint.pop("n_averaged"))
        state = {"raw_model": get_model_state_dict(model)}
        read(state, checkpoint["path"])
        set_model_state_dict(model, state["raw_model"])
