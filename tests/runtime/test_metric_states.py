"""What metric objects hold is copied, put back and saved, whatever they are made of."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torchmetrics import (
    Accuracy,
    MeanMetric,
    MetricCollection,
    Precision,
    Recall,
    RunningMean,
)
from torchmetrics.classification import BinaryAUROC
from torchmetrics.wrappers import BootStrapper, ClasswiseWrapper

from runtime.fresh_metrics import fresh_metrics
from runtime.metric_states import metric_states, reset_metrics, set_metric_states
from runtime.metrics_in_float32 import metrics_in_float32
from runtime.restore_metrics import restore_metrics
from runtime.uncounted_repeats import uncounted_repeats

KINDS = {
    "counts": lambda: Accuracy(task="binary"),
    "mean": MeanMetric,
    "window": lambda: RunningMean(window=3),
    "lists": BinaryAUROC,
    "collection": lambda: MetricCollection([Precision(task="binary"), Recall(task="binary")]),
    "draws": lambda: BootStrapper(MeanMetric(), num_bootstraps=3),
    "wrapped": lambda: ClasswiseWrapper(Accuracy(task="multiclass", num_classes=2, average=None)),
}


class Model(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.metrics = nn.ModuleDict({"one": KINDS[kind]()})
        self.kind = kind

    def update(self, number):
        generator = torch.Generator().manual_seed(number)
        given = torch.rand(5, generator=generator)
        torch.manual_seed(number)
        if self.kind in ("mean", "window", "draws"):
            self.metrics["one"].update(given)
        elif self.kind == "wrapped":
            self.metrics["one"].update((given > 0.5).long(), torch.tensor([0, 1, 1, 0, 1]))
        else:
            self.metrics["one"].update(given, torch.tensor([0, 1, 1, 0, 1]))

    def value(self):
        return str(self.metrics["one"].compute())


def counted(kind, numbers):
    model = Model(kind)
    for number in numbers:
        model.update(number)
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_saved_states_go_on_in_another_object(tmp_path, kind):
    """Through a file, so plain types and tensors: then both count the same."""
    straight = counted(kind, range(5))
    stopped = counted(kind, range(3))
    torch.save({"ranks": [{"metric_states": metric_states(stopped, "cpu")}]}, tmp_path / "file")
    resumed = Model(kind)
    restore_metrics(torch.load(tmp_path / "file", weights_only=True), resumed)
    assert resumed.value() == stopped.value()
    resumed.update(3)
    resumed.update(4)
    assert resumed.value() == straight.value()
    assert str(metric_states(resumed)) == str(metric_states(straight))


@pytest.mark.parametrize("kind", KINDS)
def test_an_evaluation_starts_anew_and_leaves_no_trace(kind):
    model, straight = counted(kind, range(2)), counted(kind, range(4))
    with torch.inference_mode(), fresh_metrics(model):
        for number in (7, 8):
            model.update(number)
        assert model.value() == counted(kind, (7, 8)).value()
    model.update(2)
    model.update(3)
    assert model.value() == straight.value()


@pytest.mark.parametrize("kind", KINDS)
def test_epochs_start_anew(kind):
    model = counted(kind, range(2))
    reset_metrics(model)
    model.update(5)
    assert model.value() == counted(kind, [5]).value()


@pytest.mark.parametrize("kind", KINDS)
def test_repeats_are_not_counted(kind):
    """Not in the object itself, while the results of the repeats are those of any batch."""
    model = Model(kind)
    for number, _ in uncounted_repeats(model, [(0, True), (1, True), (1, False), (1, False)]):
        model.update(number)
    assert model.value() == counted(kind, range(2)).value()


def test_a_later_update_does_not_change_copies():
    model = counted("lists", range(2))
    states = metric_states(model)
    before = str(states)
    model.update(2)
    assert str(states) == before
    set_metric_states(model, states)
    model.update(3)
    assert str(states) == before


def test_sharing_in_a_collection_is_resumed():
    """Metrics that have shared their states share them again, though others are equal too."""
    model = counted("collection", range(1))
    collection = model.metrics["one"]
    assert collection.compute_groups == {0: ["BinaryPrecision", "BinaryRecall"]}
    resumed = Model("collection")
    set_metric_states(resumed, metric_states(model))
    assert resumed.metrics["one"].compute_groups == collection.compute_groups
    resumed.update(1)
    model.update(1)
    assert resumed.value() == model.value()


def test_half_precision_leaves_states_in_float32():
    model = counted("mean", []).to(torch.bfloat16)
    metrics_in_float32(model)
    for _ in range(1000):
        model.metrics["one"].update(torch.tensor(1.0, dtype=torch.bfloat16))
    assert model.metrics["one"].weight == 1000


def checkpoint_of(ranks, numbers):
    return {"ranks": [{"metric_states": metric_states(counted("mean", numbers))}] * ranks}


def test_another_number_of_ranks_is_refused_within_an_epoch():
    with pytest.raises(SystemExit) as refused:
        restore_metrics(checkpoint_of(2, [1]), Model("mean"), rank=0, world_size=3)
    assert "metric objects of 2 processes are in the middle of an epoch" in str(refused.value)
    restore_metrics(checkpoint_of(2, []), Model("mean"), rank=2, world_size=3)


def test_other_objects_are_refused_within_an_epoch():
    with pytest.raises(SystemExit) as refused:
        restore_metrics(checkpoint_of(1, [1]), nn.Module())
    assert "does not fit the metric objects (metrics.one)" in str(refused.value)
    restore_metrics(checkpoint_of(1, []), nn.Module())


def test_a_checkpoint_without_states_is_refused():
    with pytest.raises(SystemExit) as refused:
        restore_metrics({"ranks": [{}]}, Model("mean"))
    assert "holds no states of metric objects" in str(refused.value)


def test_each_rank_has_its_own():
    checkpoint = {
        "ranks": [{"metric_states": metric_states(counted("mean", [n]))} for n in range(3)]
    }
    values = []
    for rank in range(3):
        model = Model("mean")
        restore_metrics(checkpoint, model, rank=rank, world_size=3)
        values.append(model.value())
    assert values == [counted("mean", [n]).value() for n in range(3)]
    assert all(one != other for one, other in pairwise(values))
