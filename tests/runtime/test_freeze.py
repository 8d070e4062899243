"""A part of a model is frozen, and joins the optimizer later."""

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from runtime.freeze import freeze, set_last_rate, unfreeze


def model():
    """A backbone with a layer that is frozen for good, and a head."""
    made = nn.ModuleDict(
        {
            "backbone": nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 3)),
            "head": nn.Linear(3, 1),
        }
    )
    made["backbone"][0].requires_grad_(False)
    return made


@pytest.mark.parametrize("train_bn", [True, False])
def test_what_is_trained(train_bn):
    net = model()
    names = freeze(net, "backbone", train_bn)
    trained = {name for name, p in net.named_parameters() if p.requires_grad}
    norm = {"backbone.1.weight", "backbone.1.bias"}
    assert trained == {"head.weight", "head.bias"} | (norm if train_bn else set())
    assert names == ["backbone.2.weight", "backbone.2.bias"]
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)
    unfreeze(net, names, optimizer, 0.01)
    assert {n for n, p in net.named_parameters() if p.requires_grad} == trained | set(names)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.01]
    assert [p.shape for p in optimizer.param_groups[1]["params"]] == [(3, 3), (3,)]


def test_a_schedule_of_several_parts_goes_on_in_proportion():
    """Where the second part begins it sets rates anew, of the last group too."""
    net = model()
    names = freeze(net, "backbone")
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)
    parts = [lr_scheduler.LinearLR(optimizer, 0.2, 1.0, 4), lr_scheduler.StepLR(optimizer, 2)]
    schedule = lr_scheduler.SequentialLR(optimizer, parts, [4])
    shares = []
    for step in range(9):
        if step == 2:
            unfreeze(net, names, optimizer, optimizer.param_groups[0]["lr"] / 4, schedule)
        if step == 6:
            set_last_rate(optimizer, optimizer.param_groups[0]["lr"] / 2, schedule)
        optimizer.step()
        schedule.step()
        first, *last = (group["lr"] for group in optimizer.param_groups)
        shares += [rate / first for rate in last]
    assert shares == pytest.approx([0.25] * 4 + [0.5] * 3)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (nn.Dropout(), "has no parameters"),
        (nn.Linear(2, 2).requires_grad_(False), "is frozen by the model itself"),
        (nn.BatchNorm1d(2), "has parameters of batch norm only"),
    ],
    ids=["none", "frozen", "norm"],
)
def test_a_part_with_nothing_to_train_later(part, reason):
    net = model()
    net["backbone"] = part
    with pytest.raises(SystemExit, match=f"nothing can be trained later, for 'backbone' {reason}"):
        freeze(net, "backbone")


@pytest.mark.parametrize(("part", "fault"), [("body", "no part 'body'"), ("", "beside ''")])
def test_a_part_that_cannot_be(part, fault):
    """The whole model has no other part to train."""
    with pytest.raises(SystemExit, match=fault):
        freeze(model(), part, train_bn=False)
