import pytest
import torch
from torch import nn

from runtime.layer_decay import decay_by_layer


class Net(nn.Module):
    """A parameter of its own, ten blocks with modules inside, and an output that shares weights."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.ones(2))
        self.enter = nn.Linear(2, 2, bias=False)
        self.blocks = nn.Sequential(
            *(nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU()) for _ in range(10)), nn.ReLU()
        )
        self.norm = nn.LayerNorm(2)
        self.head = nn.Linear(2, 2, bias=False)
        self.head.weight = self.enter.weight


LAYERS = [["token", "enter"], "blocks.*", "norm"]


def split(model, layers, *rules):
    """The names of each group's parameters and its rate, from rules of names and rates."""
    of = dict(model.named_parameters())
    ruled = {name for names, _ in rules for name in names}
    groups = [{"params": [p for name, p in of.items() if name not in ruled]}]
    groups += [{"params": [of[name] for name in names], **more} for names, more in rules]
    found = decay_by_layer(model, groups, layers, 0.8, 0.5)
    names = {parameter: name for name, parameter in of.items()}
    return [([names[p] for p in group["params"]], group["lr"]) for group in found]


def test_each_layer_before_the_last_has_the_factor_more():
    found = split(Net(), LAYERS)
    blocks = [([f"blocks.{n}.0.weight"], 0.8 * 0.5 ** (10 - n)) for n in range(10)]
    assert found[0] == (["norm.weight", "norm.bias"], 0.8)
    assert found[1:-1] == blocks[::-1]
    assert found[-1] == (["token", "enter.weight"], 0.8 * 0.5**11)


def test_groups_are_split_and_their_own_rates_fall_too():
    rules = (["norm.bias"], {"weight_decay": 0.0}), (["token"], {"lr": 4.0})
    found = split(Net(), [["token", "enter", "blocks.?"], "norm"], *rules)
    assert found == [
        (["norm.weight"], 0.8),
        (["norm.bias"], 0.8),
        (["enter.weight", *(f"blocks.{n}.0.weight" for n in range(10))], 0.4),
        (["token"], 2.0),
    ]


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (["nose", "norm"], "the model has no layer nose"),
        (["head", "norm"], "the model has no layer head"),  # its weight is that of enter
        (["blocks.10", "norm"], "the model has no layer blocks.10"),
        (["tok*", "norm"], "the model has no layer tok*"),  # a parameter is named in full
        (["enter.*", "norm"], "the model has no layer enter.*"),
        (["enter", "blocks.*", "norm"], "token is in no layer; name it or its module as one"),
        ([*LAYERS, "blocks.3.0"], "blocks.3.0.weight is in two layers"),
        ([*LAYERS, "norm"], "norm.weight is in two layers"),
        (["no*"], "norm is the only layer"),
    ],
)
def test_layers_that_do_not_fit_the_model_end_the_program(layers, said):
    with pytest.raises(SystemExit) as end:
        split(Net(), layers)
    assert str(end.value).startswith(f"layer_decay: {said}") and "\n" not in str(end.value)
