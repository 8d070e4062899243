"""Puts averaged weights, and those that they are the average of, back into their models."""

from typing import Any

from torch import nn
from torch.optim.swa_utils import AveragedModel

from runtime.restore import restore


def restore_average(checkpoint: dict[str, Any], model: nn.Module, averaged: AveragedModel) -> None:
    """Go on with the model's own weights; a checkpoint's weights named model are the averaged ones.

    The average of a run that had none starts anew.
    """
    if "raw_model" in checkpoint:
        averaged.module.load_state_dict(checkpoint["model"])
        averaged.n_averaged.fill_(checkpoint.pop("n_averaged"))
        restore({"model": checkpoint["raw_model"]}, model=model)
