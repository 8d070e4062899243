"""What trains a part of a model: its parameters, the rest held still, gradients that wait."""

import pytest
import torch
from torch import nn

from runtime.check_apart import check_apart
from runtime.override_settings import override_settings
from runtime.parameters_of import parameters_of
from runtime.restore_gradients import restore_gradients
from runtime.restore_schedule import restore_schedule
from runtime.train_only import train_only
from runtime.training_metrics import TrainingMetrics
from runtime.unchanged import check_unchanged


class Net(nn.Module):
    """Two parts, of which one shares a weight with the other, and a parameter of its own."""

    def __init__(self):
        super().__init__()
        self.enter = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        self.leave = nn.Linear(2, 2)
        self.leave.weight = self.enter[0].weight
        self.scale = nn.Parameter(torch.ones(()))


def test_parameters_of_parts_are_each_there_once():
    net = Net()
    of_enter, of_leave = list(net.enter.parameters()), list(net.leave.parameters())
    assert [*map(id, parameters_of(net, "enter"))] == [*map(id, of_enter)]
    assert [*map(id, parameters_of(net, "enter.1", "scale"))] == [
        *map(id, of_enter[2:]),
        id(net.scale),
    ]
    # the weight that both have comes once
    both = parameters_of(net, "enter", "leave")
    assert [*map(id, both)] == [*map(id, of_enter), id(of_leave[1])]


def test_a_part_that_is_not_there_ends_the_program():
    with pytest.raises(SystemExit, match="^Net has no parameters in ente; its parts: enter, leave"):
        parameters_of(Net(), "leave", "ente")


@pytest.mark.parametrize("accumulating", [["second"], ["first", "third"], []], ids=len)
def test_a_parameter_in_common_ends_the_program_where_one_accumulates(accumulating):
    """The weights of two linear layers are tied; a third block has its own."""
    parts = {"first": nn.Linear(2, 2), "second": nn.Linear(2, 2), "third": nn.Linear(2, 2)}
    model = nn.ModuleDict(parts)
    parameters = {name: parameters_of(model, name) for name in parts}
    check_apart(model, parameters, accumulating)
    parts["second"].weight = parts["first"].weight
    parameters = {name: parameters_of(model, name) for name in parts}
    check_apart(model, parameters, ["third"])
    if not accumulating:
        check_apart(model, parameters, accumulating)
        return
    with pytest.raises(SystemExit) as end:
        check_apart(model, parameters, accumulating)
    assert str(end.value).startswith(
        "the blocks first and second have a parameter in common (first.weight = second.weight): "
    )


def test_a_part_that_is_frozen_ends_the_program():
    net = Net()
    net.enter.requires_grad_(False)
    with pytest.raises(SystemExit, match="^enter: all parameters are frozen"):
        parameters_of(net, "enter")


def test_all_other_parameters_are_frozen_and_then_as_they_were():
    net = Net()
    net.enter[1].bias.requires_grad_(False)  # by the user
    before = [p.requires_grad for p in net.parameters()]
    with pytest.raises(ValueError), train_only(net, [net.scale, net.enter[1].bias]):
        assert [name for name, p in net.named_parameters() if p.requires_grad] == ["scale"]
        raise ValueError
    assert [p.requires_grad for p in net.parameters()] == before


def test_gradients_pass_through_what_is_frozen():
    net = Net()
    with train_only(net, net.enter.parameters()):
        net.leave(net.enter(torch.ones(1, 2))).sum().backward()
    assert net.enter[1].weight.grad.abs().sum() > 0
    assert net.leave.bias.grad is None


def test_gradients_are_put_back():
    net = Net()
    restore_gradients([torch.ones(2, 2), None], [net.leave.weight, net.leave.bias])
    assert torch.equal(net.leave.weight.grad, torch.ones(2, 2)) and net.leave.bias.grad is None
    with pytest.raises(SystemExit, match="holds 1 gradients, and this run trains 2 parameters"):
        restore_gradients([None], [net.leave.weight, net.leave.bias])


def test_settings_and_schedule_are_found_under_the_name_of_the_block():
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    for _ in range(2):
        optimizer.step()
        scheduler.step()
    saved = {"first_scheduler": scheduler.state_dict(), "config": {"lr": 5.0, "first_lr": 0.1}}
    again = torch.optim.SGD(net.parameters(), lr=0.2)
    schedule = torch.optim.lr_scheduler.ExponentialLR(again, 0.5)
    again.load_state_dict(optimizer.state_dict())
    restore_schedule(saved, schedule, again, {}, "first_scheduler")
    assert again.param_groups[0]["lr"] == 0.025
    override_settings(again, {"lr": 0.2}, saved["config"], schedule, prefix="first_")
    assert again.param_groups[0]["lr"] == pytest.approx(0.05)
    assert schedule.base_lrs == [0.2]


def test_first_step_whose_loss_is_no_number_is_named_for_each_loss():
    metrics = TrainingMetrics(losses=["first_loss", "second_loss"])
    metrics.append({"second_loss": torch.tensor(1.0), "loss": torch.tensor(torch.nan)}, 1, 1)
    metrics.append({"first_loss": torch.tensor(torch.inf)}, 1, 3)
    metrics.append({"second_loss": torch.tensor(torch.nan)}, 1, 2)
    metrics.read()
    assert metrics.nonfinite_step == 2


def test_a_window_goes_on_with_its_own_length():
    """Its gradients are parts of a mean over so many batches."""
    saved = {"gen_accumulate_grad_batches": 3, "gen_every_n_steps": 2}
    names = ("gen_accumulate_grad_batches", "gen_every_n_steps")
    check_unchanged(saved, dict(saved), *names)
    check_unchanged({}, saved, *names)  # a script that had no such setting held no gradients
    with pytest.raises(SystemExit, match="gen_every_n_steps 1: the checkpoint had 2, and may lie"):
        check_unchanged(saved, saved | {"gen_every_n_steps": 1}, *names)
