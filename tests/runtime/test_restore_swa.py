"""An average of epochs, and its learning rates, go on from a checkpoint."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel

from runtime.restore_swa import restore_swa
from runtime.restore_swa_rates import restore_swa_rates


def average(epochs: int) -> AveragedModel:
    """Return an average that holds so many epochs."""
    model = nn.Linear(1, 1, bias=False)
    averaged = AveragedModel(model)
    for epoch in range(epochs):
        nn.init.constant_(model.weight, epoch)
        averaged.update_parameters(model)
    return averaged


def test_an_average_goes_on() -> None:
    averaged = average(0)
    restore_swa({"averaged_model": average(3).state_dict()}, averaged, 4, 6)
    assert averaged.n_averaged == 3 and averaged.module.weight.item() == 1.0


@pytest.mark.parametrize("saved", [average(2).state_dict(), None])
def test_an_average_that_has_not_begun_begins_anew(saved: Any) -> None:
    averaged = average(0)
    restore_swa({"averaged_model": saved}, averaged, 4, 3)
    restore_swa({}, averaged, 4, 3)  # of a script without an average
    assert averaged.n_averaged == 0


@pytest.mark.parametrize("saved", [average(2).state_dict(), None])
def test_an_average_of_other_epochs(saved: Any) -> None:
    with pytest.raises(SystemExit, match="of the 6 that are done, 3 are from swa_epoch_start 4 on"):
        restore_swa({"averaged_model": saved}, average(0), 4, 6)


def test_no_average_where_epochs_of_it_are_done() -> None:
    with pytest.raises(SystemExit, match="the checkpoint holds no averaged_model"):
        restore_swa({}, average(0), 4, 4)


def rates(optimizer: torch.optim.Optimizer, scheduler: SWALR, steps: int) -> list[float]:
    """Return the rates after each of the steps."""
    found = []
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


def new(swa_lrs: float = 0.5, anneal: int = 4) -> tuple[torch.optim.Optimizer, SWALR]:
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    return optimizer, SWALR(optimizer, swa_lrs, anneal, "linear")


def test_rates_go_on() -> None:
    """From the rate of the last averaged epoch, whatever else has set one since."""
    straight = rates(*new(), 6)
    optimizer, scheduler = new()
    rates(optimizer, scheduler, 2)
    checkpoint = {"averaged_model": {}, "swa_scheduler": scheduler.state_dict()}
    resumed, again = new()
    resumed.param_groups[0] |= {"lr": 7.0}
    del resumed.param_groups[0]["swa_lr"]  # as of a checkpoint without
    restore_swa_rates(checkpoint, again, resumed, average(2), 0.5)
    assert rates(resumed, again, 4) == straight[2:]


def test_settings_of_this_run_win() -> None:
    optimizer, scheduler = new()
    rates(optimizer, scheduler, 2)
    checkpoint = {"averaged_model": {}, "swa_scheduler": scheduler.state_dict()}
    resumed, again = new(swa_lrs=0.3, anneal=3)
    restore_swa_rates(checkpoint, again, resumed, average(2), 0.3)
    assert rates(resumed, again, 2)[-1] == 0.3


def test_rates_before_the_start_are_the_schedules() -> None:
    optimizer, scheduler = new()
    optimizer.param_groups[0]["lr"] = 0.02
    restore_swa_rates({"averaged_model": None}, scheduler, optimizer, average(0), 0.5)
    assert optimizer.param_groups[0]["lr"] == 0.02
    with pytest.raises(SystemExit, match="swa_epoch_start has moved past it"):
        restore_swa_rates({"averaged_model": {}}, scheduler, optimizer, average(0), 0.5)
