"""Resumes the learning rates of the epochs that are averaged."""

from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer
from torch.optim.swa_utils import SWALR, AveragedModel

from runtime.restore import restore


def restore_swa_rates(
    checkpoint: Mapping[str, Any],
    scheduler: SWALR,
    optimizer: Optimizer,
    averaged: AveragedModel,
    swa_lrs: float,
) -> None:
    """Go on with the rates of the last averaged epoch, and on to those of this run's settings.

    The average has been restored, and whatever else sets rates.
    """
    for group in optimizer.param_groups:
        group["swa_lr"] = swa_lrs  # a checkpoint has those of its own run, or none
    if averaged.n_averaged > 0:
        annealing = scheduler.anneal_epochs, scheduler._anneal_strategy
        restore(checkpoint, swa_scheduler=scheduler)
        scheduler.anneal_epochs = annealing[0]
        scheduler._set_anneal_func(annealing[1])
        for group, rate in zip(optimizer.param_groups, scheduler.get_last_lr(), strict=True):
            group["lr"] = rate
    elif checkpoint.get("averaged_model") is not None:
        raise SystemExit(
            "the checkpoint has the learning rates of averaged epochs, and swa_epoch_start has "
            "moved past it; keep the start that it had"
        )
