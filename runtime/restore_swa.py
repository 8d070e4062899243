"""Resumes the average of the epochs from a start epoch on."""

from collections.abc import Mapping
from typing import Any

from torch.optim.swa_utils import AveragedModel

from runtime.restore import restore
from runtime.swa_epochs import check_epochs, epochs_due


def restore_swa(
    checkpoint: Mapping[str, Any], averaged: AveragedModel, start: int, epochs: int
) -> None:
    """Go on with the average where one of the epochs that are done belongs to it.

    Ends the program where it holds other epochs than those from the start on.
    """
    if epochs_due(start, epochs) == 0:
        return
    if checkpoint.get("averaged_model", ...) is not None:
        restore(checkpoint, averaged_model=averaged)
    check_epochs(averaged, start, epochs)
