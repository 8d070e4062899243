"""The numbers of parameters are those of Lightning's ModelSummary."""

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.utilities.model_summary import ModelSummary
from torch import nn

from runtime.summary import summarize


class Whole(pl.LightningModule):
    """Parts within parts, some of them frozen, and one that another part uses too."""

    def __init__(self):
        super().__init__()
        self.enter = nn.Embedding(50, 40)
        self.blocks = nn.Sequential(
            *(nn.Sequential(nn.Linear(40, 40), nn.Dropout(), nn.BatchNorm1d(40)) for _ in range(2))
        )
        self.leave = nn.Linear(40, 50, bias=False)
        self.leave.weight = self.enter.weight
        self.blocks[0].requires_grad_(False)
        self.blocks[1][0].bias.requires_grad_(False)
        self.half = nn.Linear(3, 1000).to(torch.float64)
        self.own = nn.Parameter(torch.zeros(7))


@pytest.mark.parametrize("depth", [1, 2, 3, -1])
def test_parameters_by_layer_and_in_all(depth):
    model = Whole()
    theirs = ModelSummary(model, max_depth=depth)
    header, *rows, last = summarize(model, depth).splitlines()
    assert header.split() == ["name", "type", "parameters"]
    layers = zip(theirs.layer_names, theirs.layer_types, theirs.param_nums, strict=True)
    assert [tuple(row.split()) for row in rows] == [
        (name, kind, f"{number:,}") for name, kind, number in layers
    ]
    total, trainable = theirs.total_parameters, theirs.trainable_parameters
    assert total > trainable > 0
    assert last.startswith(f"{total:,} parameters, {trainable:,} trainable, ")
    # Lightning's size takes every parameter for one of its number format
    assert theirs.model_size == pytest.approx(total * 4 / 1e6)
    assert last.endswith(f" {(total * 4 + 4000 * 4) / 1e6:,.1f} MB")
