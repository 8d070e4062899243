"""Resumes the average of the epochs from a start epoch on."""

from collections.abc import Mapping
from typing import Any

from torch.optim.swa_utils import AveragedModel

from runtime.restore import restore


def restore_swa(
    checkpoint: Mapping[str, Any], averaged: AveragedModel, start: int, epochs: int
) -> None:
    """Go on with the average where one of the epochs that are done belongs to it.

    Ends the program where it holds other epochs than those from the start on.
    """
    due = max(0, epochs - start + 1)
    if due == 0:
        return
    if checkpoint.get("averaged_model", ...) is not None:
        restore(checkpoint, averaged_model=averaged)
    if averaged.n_averaged != due:
        raise SystemExit(
            f"the checkpoint's average holds {int(averaged.n_averaged)} epochs; of the {epochs} "
            f"that are done, {due} are from swa_epoch_start {start} on; set it to more than "
            f"{epochs}, or to what it was"
        )
