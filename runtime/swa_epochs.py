"""Which epochs an average holds when a run is resumed."""

from torch.optim.swa_utils import AveragedModel


def epochs_due(start: int, epochs: int) -> int:
    """Return how many of the epochs that are done belong to an average from the start epoch on."""
    return max(0, epochs - start + 1)


def check_epochs(averaged: AveragedModel, start: int, epochs: int) -> None:
    """End the program where the average holds other epochs than those that are due."""
    due = epochs_due(start, epochs)
    if averaged.n_averaged != due:
        raise SystemExit(
            f"the checkpoint's average holds {int(averaged.n_averaged)} epochs; of the {epochs} "
            f"that are done, {due} are from swa_epoch_start {start} on; set it to more than "
            f"{epochs}, or to what it was"
        )
