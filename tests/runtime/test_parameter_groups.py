import pytest
import torch
from torch import nn

from runtime.override_groups import check_groups, group_settings, override_groups
from runtime.parameter_groups import parameter_groups


class Net(nn.Module):
    """Every kind of normalization, a tied weight, a parameter of its own."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.ones(2))
        self.body = nn.Sequential(
            nn.Linear(4, 4),
            nn.LayerNorm(4),
            nn.BatchNorm1d(4),
            nn.GroupNorm(2, 4),
            nn.InstanceNorm1d(4, affine=True),
            nn.RMSNorm(4),
        )
        self.head = nn.Linear(4, 4)
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.head.weight


def names(model, groups):
    """The names of each group's parameters."""
    of = {parameter: name for name, parameter in model.named_parameters()}
    return [[of[parameter] for parameter in group["params"]] for group in groups]


def test_the_first_rule_that_matches_sets_the_arguments():
    model = Net()
    groups = parameter_groups(
        model,
        {"match": ["norm", "bias"], "weight_decay": 0.0},
        {"match": ["body.*"], "lr": 0.1, "betas": (0.8, 0.9)},
    )
    rest = [{k: v for k, v in group.items() if k != "params"} for group in groups]
    assert rest == [{}, {"weight_decay": 0.0}, {"lr": 0.1, "betas": (0.8, 0.9)}]
    own, plain, body = names(model, groups)
    assert own == ["token", "head.weight"]
    assert body == ["body.0.weight"]
    norms = [f"body.{n}.{kind}" for n in (1, 2, 3, 4) for kind in ("weight", "bias")]
    assert plain == ["body.0.bias", *norms, "body.5.weight", "head.bias", "tied.bias"]


def test_a_norm_layer_that_is_the_model_itself_has_its_parameters():
    own, norm = parameter_groups(nn.LayerNorm(2), {"match": ["weight"], "lr": 1.0})
    assert len(own["params"]) == len(norm["params"]) == 1
    with pytest.raises(SystemExit, match="every parameter matches"):
        parameter_groups(nn.LayerNorm(2), {"match": ["norm"], "lr": 1.0})


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([["nose.*"]], "no parameter's name matches nose.*"),
        ([["Head.*"]], "no parameter's name matches Head.*"),
        ([["bias", "nose.*"]], "no parameter's name matches nose.*"),
        ([["head"]], "no parameter's name matches head; head.* matches those of the module"),
        ([["tied.weight"]], "no parameter's name matches tied.weight"),
        ([["head.*"], ["head.bias"]], "no parameter is left that matches head.bias"),
        ([["bias"], ["*"]], "every parameter matches, and none is left for the optimizer's own"),
    ],
)
def test_a_rule_that_does_nothing_ends_the_program(rules, said):
    with pytest.raises(SystemExit) as end:
        parameter_groups(Net(), *({"match": patterns, "lr": 1.0} for patterns in rules))
    assert str(end.value).startswith(f"optimizer groups: {said}")
    assert "\n" not in str(end.value)


def make(lr=0.1, own=0.02, decay=0.5, scheduled=True, match="1.*"):
    """An optimizer with a group that has a rate of its own, its settings and its schedule."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    rule = {"match": [match], "lr": own}
    groups = parameter_groups(model, rule)
    optimizer = torch.optim.SGD(groups, lr=lr, momentum=0.9, weight_decay=decay)
    settings = group_settings(model, optimizer)
    schedule = torch.optim.lr_scheduler
    warmup = schedule.LinearLR(optimizer, 0.1, 1.0, 3) if scheduled else None
    after = schedule.ExponentialLR(optimizer, 0.9) if scheduled else None
    scheduler = schedule.SequentialLR(optimizer, [warmup, after], [3]) if scheduled else None
    return optimizer, settings, scheduler


def rates(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def resumed(saved, new):
    """The new optimizer with the state of the saved one and its own settings."""
    (old, old_settings, old_scheduler), (optimizer, settings, scheduler) = saved, new
    check_groups({"group_settings": old_settings}, settings)
    optimizer.load_state_dict(old.state_dict())
    if scheduler:
        scheduler.load_state_dict(old_scheduler.state_dict())
    override_groups(optimizer, settings, old_settings, scheduler)
    return optimizer


def test_a_new_rate_is_that_of_the_groups_without_one_of_their_own():
    assert rates(resumed(make(scheduled=False), make(lr=0.3, scheduled=False))) == [0.3, 0.02]
    assert rates(resumed(make(scheduled=False), make(own=0.3, scheduled=False))) == [0.1, 0.3]
    optimizer = resumed(make(scheduled=False), make(decay=0.25, scheduled=False))
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.25, 0.25]
    unchanged = resumed(make(scheduled=False), make(scheduled=False))
    assert rates(unchanged) == [0.1, 0.02]


def test_the_rest_of_a_schedule_is_scaled_by_group():
    saved, new = make(), make(lr=0.3)
    for _ in range(5):
        saved[0].step()
        saved[2].step()
    resumed(saved, new)
    for _ in range(5):
        (base, own), (new_base, new_own) = rates(saved[0]), rates(new[0])
        assert new_base == pytest.approx(3 * base, rel=1e-12)
        assert new_own == own
        for optimizer, _, scheduler in (saved, new):
            optimizer.step()
            scheduler.step()


def test_a_rate_of_zero_gives_way_without_a_schedule_alone():
    with pytest.raises(SystemExit, match=r"lr: the checkpoint had 0, .* with 0.3"):
        resumed(make(own=0.0), make(own=0.3))
    without = resumed(make(own=0.0, scheduled=False), make(own=0.3, scheduled=False))
    assert rates(without) == [0.1, 0.3]


def test_a_parameter_keeps_its_group():
    (_, old, _), (_, new, _) = make(), make(match="0.*")
    with pytest.raises(SystemExit, match=r"the parameter [01]\.\w+ has moved to another group"):
        check_groups({"group_settings": old}, new)
    with pytest.raises(SystemExit, match="the checkpoint holds no settings of groups"):
        check_groups({}, new)
