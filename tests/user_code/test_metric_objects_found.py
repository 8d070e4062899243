"""The torchmetrics objects of a module are found in its source; what cannot be kept is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lgen.spec.check import Checked, check
from lgen.user_code.classes import MetricObjects

MODEL = """\
import torch
import torchmetrics
import torchmetrics.functional as TF
from torch import Tensor, nn
from torchmetrics import Accuracy, MetricCollection
from torchmetrics.classification import MulticlassAUROC as AUROC
{imports}

class Own(torchmetrics.Metric):
    pass


def made():
    return Accuracy(task="binary")


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Accuracy(task="binary")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1)
        {init}

    def training_step(self, batch) -> Tensor:
        {step}
        return self.layer(batch).mean()
"""
DATA = "class Data:\n    def train_dataset(self):\n        return [1, 2]\n"
SPEC = "module: model.py:Net\ndata: data.py:Data\noptimizer: {name: SGD, lr: 0.1}\n"


def read(root: Path, init: str, step: str = "pass", imports: str = "") -> MetricObjects | list[str]:
    """The metric objects of a module that makes them so, or its faults."""
    (root / "model.py").write_text(MODEL.format(init=init, step=step, imports=imports))
    (root / "data.py").write_text(DATA)
    found = check(root, SPEC)
    return found.module.metrics if isinstance(found, Checked) else [str(f) for f in found]


@pytest.mark.parametrize(
    "init",
    [
        "self.acc = torchmetrics.Accuracy(task='binary')",
        "self.acc = Accuracy(task='binary')",
        "self.acc: nn.Module = AUROC(3)",
        "self.acc = MetricCollection({'a': Accuracy(task='binary')})",
        "self.acc = nn.ModuleDict({'train': Accuracy(task='binary')})",
        "self.acc = nn.ModuleList([Accuracy(task='binary') for _ in range(2)])",
        "self.acc = Own()",
        "self.acc = made()",
        "self.acc = Head()",
    ],
)
def test_objects_are_found(tmp_path: Path, init: str) -> None:
    """By import, in a container, by inheritance, and as what another class or function makes."""
    assert read(tmp_path, init) == MetricObjects(("acc",), any=True)


def test_objects_of_another_file_are_found(tmp_path: Path) -> None:
    """Made by a function that is imported, and without an attribute in the source."""
    (tmp_path / "nets.py").write_text(
        "from torchmetrics import Accuracy\ndef build():\n    return Accuracy(task='binary')\n"
    )
    imports = "from nets import build"
    assert read(tmp_path, "self.acc = build()", imports=imports) == MetricObjects(("acc",), True)
    found = read(tmp_path, "self.add_module('acc', build())", imports=imports)
    assert found == MetricObjects((), any=True)


@pytest.mark.parametrize(
    "init", ["pass", "self.loss = TF.accuracy", "self.mean = TF.mean_squared_error(1, 1)"]
)
def test_functions_of_torchmetrics_are_no_objects(tmp_path: Path, init: str) -> None:
    assert read(tmp_path, init, "torchmetrics.functional.accuracy(batch, batch)") == MetricObjects()


def test_use_in_the_training_step_is_seen(tmp_path: Path) -> None:
    found = read(tmp_path, "self.acc = Own()", "self.acc.update(batch)")
    assert found == MetricObjects(("acc",), any=True, in_training_step=True)


@pytest.mark.parametrize(
    ("init", "step", "message"),
    [
        (
            "self.accs = [Own(), Own()]",
            "pass",
            "model.py:27: self.accs hides its metric objects from torch; write nn.ModuleList(...) "
            "around them",
        ),
        (
            "self.accs = {'train': Own()}",
            "pass",
            "model.py:27: self.accs hides its metric objects from torch; write nn.ModuleDict(...) "
            "around them",
        ),
        (
            "pass",
            "self.acc = Own()",
            "model.py:30: self.acc is made in training_step, after a resumed run has taken up what "
            "it held; make it in __init__",
        ),
        (
            "self.best = torchmetrics.MetricTracker(Own())",
            "pass",
            "model.py:27: MetricTracker keeps a metric for each epoch, and metric objects begin "
            "anew in every epoch; take the metric itself, whose values are logged, and "
            "checkpoint.monitor for the best",
        ),
        (
            "self.best = torchmetrics.MinMaxMetric(Own())",
            "pass",
            "model.py:27: MinMaxMetric keeps the extremes of the whole run, and metric objects "
            "begin anew in every epoch; take the metric itself, whose values are logged, and "
            "checkpoint.monitor for the best",
        ),
        (
            "pass",
            "self.log('acc', Own())",
            "model.py:30: self.log is Lightning's; return the value from the step in a dict, such "
            "as {'loss': loss, 'acc': acc}; of a torchmetrics object return {'acc': "
            "self.acc.compute()} from on_train_epoch_end or on_validation_epoch_end",
        ),
    ],
    ids=["list", "dict", "in a step", "tracker", "extremes", "self.log"],
)
def test_what_cannot_be_kept_is_refused(tmp_path: Path, init: str, step: str, message: str) -> None:
    assert read(tmp_path, init, step) == [message]


def test_object_of_the_class_is_refused(tmp_path: Path) -> None:
    found = read(tmp_path, "pass\n\n    acc = Own()")
    assert found == [
        "model.py:29: a metric object of the class is no part of the model; make it in __init__, "
        "as an attribute of self"
    ]


def test_an_own_metric_holds_states_alone(tmp_path: Path) -> None:
    """What update changes beside them would be lost when a run is resumed."""
    own = (
        "class Count(torchmetrics.Metric):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.add_state('seen', torch.tensor(0), 'sum')\n"
        "        self.batches = 0\n\n"
        "    def update(self, x):\n"
        "        self.seen += len(x)\n"
        "        {0}\n"
    )
    init = "self.count = Count()"
    found = read(tmp_path, init, imports=own.format("self.batches += 1"))
    assert found == [
        "model.py:15: self.batches is changed in update and is no state of the metric, so no run "
        'goes on with it; write self.add_state("batches", ...)'
    ]
    assert read(tmp_path, init, imports=own.format("pass")) == MetricObjects(("count",), any=True)


def test_two_means_of_one_name_are_refused(tmp_path: Path) -> None:
    step = "return self.layer(batch).mean()\n\n    def on_train_epoch_end(self):\n        "
    found = read(tmp_path, "pass", step + "return {'loss': 1.0}\n\n    def other(self):")
    assert found == [
        "model.py:32: train_loss_epoch is the mean of what training_step returns; name it otherwise"
    ]
