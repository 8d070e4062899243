"""The user's classes are read as text, and every fault names its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lgen.spec.check import Checked, check
from lgen.user_code.classes import UserClass

MODEL = """\
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self, hidden: int = 8):
        super().__init__()
        self.layer = nn.Linear(4, hidden)

    def forward(self, x):
        return self.layer(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def validation_step(self, batch) -> dict[str, Tensor]:
        x, y = batch
        return {"loss": F.cross_entropy(self(x), y), "acc": y.float().mean()}
"""
TRAINING = """\
        x, y = batch
        return F.cross_entropy(self(x), y)
"""
DATA = """\
class Data:
    def train_dataset(self):
        return [1, 2]

    def val_dataset(self):
        return [1]
"""
SETS = "from torch.utils.data import DataLoader, Dataset, TensorDataset\n\n" + DATA.replace(
    "class Data:\n", "class Data:\n    # of tensors\n"
)
POINTS = "\n\nclass Points(Dataset):\n    pass\n"
SPEC = "module: model.py:Net\ndata: data.py:Data\noptimizer: {name: SGD, lr: 0.1}\n"


def checked(root: Path, model: str = MODEL, data: str = DATA, spec: str = SPEC) -> list[str]:
    """The faults of a project as they are printed."""
    (root / "model.py").write_text(model)
    (root / "data.py").write_text(data)
    found = check(root, spec)
    return [] if isinstance(found, Checked) else [str(fault) for fault in found]


def module(root: Path, model: str, spec: str = SPEC) -> UserClass:
    """The module that is read from a model.py without faults."""
    assert checked(root, model, spec=spec) == []
    found = check(root, spec)
    assert isinstance(found, Checked)
    return found.module


def test_steps_are_read_with_arguments_results_and_metrics(tmp_path: Path) -> None:
    net = module(tmp_path, MODEL)
    training, validation = net.steps["training_step"], net.steps["validation_step"]
    assert (training.call, training.returns, training.calls_forward) == (
        "batch, batch_idx",
        "loss",
        True,
    )
    assert (validation.arguments, validation.returns) == (("batch",), "dict")
    assert validation.metrics == ("loss", "acc")


def test_nothing_is_imported(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    assert checked(tmp_path, MODEL + f"\nopen({str(mark)!r}, 'w')\n") == []
    assert not mark.exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("class Net", "class Nett", "model.py:6: there is no class Net; did you mean Nett?"),
        ("    def forward", "    def forward(", "model.py:11: syntax error"),
        ("training_step", "traning_step", "model.py:14: traning_step is called by nothing"),
        (
            "(self, batch, batch_idx)",
            "(self, batch, idx)",
            "model.py:14: training_step has the",
        ),
        ("(self, batch, batch_idx)", "(self, *args)", "model.py:14: training_step takes *args"),
        (
            TRAINING,
            "        return other(batch)\n",
            "model.py:15: what training_step",
        ),
        (TRAINING, "        pass\n", "model.py:14: training_step returns nothing"),
        (
            TRAINING,
            "        return other(batch), 1\n",
            "model.py:15: training_step returns a tuple",
        ),
        (
            TRAINING,
            "        return {'los': 1}\n",
            "model.py:14: training_step's dict has",
        ),
        (
            "x, y = batch\n        return F",
            "self.log('a', 1)\n        return F",
            "self.log is",
        ),
        (
            "x, y = batch\n        return F",
            "self.trainer\n        return F",
            "self.trainer is",
        ),
        ("def training_step", "async def training_step", "model.py:14: training_step is async"),
        ("    def training_step", "    @staticmethod\n    def training_step", "is a staticmethod"),
        ("return F.cross_entropy(self(x), y)\n", "yield 1\n", "training_step is a generator"),
        ("nn.Module", "L.LightningModule", "model.py:6: derive the class from torch.nn.Module"),
        (
            "def forward",
            "def backward(self): ...\n\n    def forward",
            "backward is not",
        ),
        (
            "def forward",
            "def configure_optimizers(self): ...\n\n    def forward",
            "model.py:11: what configure_optimizers returns",
        ),
    ],
)
def test_fault_of_the_module_names_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in MODEL
    found = checked(tmp_path, MODEL.replace(old, new, 1))
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("class Data:\n    pass\n", "data.py:1: class Data has no train_dataset"),
        (DATA.replace("val_dataset(self)", "val_dataset(self, x)"), "is called as val_dataset()"),
        (DATA + "\n    def train_dataloader(self): ...\n", "both give train batches; keep one"),
        (
            DATA + "\n    def test_dataset(self):\n        return [1]\n",
            "test_dataset has no test_step in model.py",
        ),
        (DATA.replace("val_dataset", "val_datasets"), "validation_step has no data"),
        (
            SETS.replace("return [1]", "return [TensorDataset(X), TensorDataset(X)]"),
            "data.py:8: val_dataset returns a list of data sets; return a dict with a name for",
        ),
        (
            SETS.replace("return [1]", "return [Points()] * 2") + POINTS,
            "data.py:8: val_dataset returns a list of data sets; return a dict with a name for",
        ),
        (
            SETS.replace("return [1, 2]", "return [TensorDataset(X)]"),
            "train_dataset returns a list of data sets; training takes one, such as a ConcatData",
        ),
        (
            SETS.replace("return [1]", "return DataLoader(TensorDataset(X), 4)"),
            "val_dataset returns a loader; name it val_dataloader, or return the data set",
        ),
        (SETS.replace("return [1]", "X"), "data.py:8: val_dataset returns nothing"),
    ],
)
def test_fault_of_the_data_class(tmp_path: Path, data: str, said: str) -> None:
    found = checked(tmp_path, data=data)
    assert any(said in fault for fault in found), found


def test_a_data_set_made_with_a_loader(tmp_path: Path) -> None:
    """What a name was before does not say what is returned."""
    made = "X = DataLoader(TensorDataset(X))\n        X = TensorDataset(X)\n        return X"
    data = SETS.replace("train_dataset(self)", "train_dataset(self) -> TensorDataset")
    assert checked(tmp_path, data=data.replace("return [1, 2]", made)) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "checkpoint: {monitor: val_los}",
            "lgen.yaml:4: validation measures no val_los; did",
        ),
        ("strategy: fsdp\nfsdp: {wrap: [Blok]}", "lgen.yaml:5: model.py has no class Blok"),
        ("defines: [on_trian_start]", "lgen.yaml:4: on_trian_start is no step or hook; did you"),
        ("scheduler: {interval: step}", "lgen.yaml:4: scheduler needs a name"),
    ],
)
def test_spec_against_code(tmp_path: Path, line: str, said: str) -> None:
    found = checked(tmp_path, spec=f"{SPEC}{line}\n")
    assert len(found) == 1 and said in found[0], found


def test_args_are_checked_against_the_constructor(tmp_path: Path) -> None:
    spec = SPEC.replace("model.py:Net", "{path: model.py:Net, args: {hiden: 3, hidden: x}}")
    assert checked(tmp_path, spec=spec) == [
        "lgen.yaml:1: Net has no argument hiden; did you mean hidden? (it has: hidden)",
        "lgen.yaml:1: Net's hidden is int, and 'x' is not",
    ]


def test_optimizer_comes_from_one_place(tmp_path: Path) -> None:
    method = "    def configure_optimizers(self) -> torch.optim.Optimizer: ...\n"
    alone = SPEC.replace("optimizer: {name: SGD, lr: 0.1}\n", "")
    assert "there is no optimizer" in checked(tmp_path, spec=alone)[0]
    assert checked(tmp_path, MODEL + method, spec=alone) == []
    assert "remove optimizer" in checked(tmp_path, MODEL + method)[0]


def test_base_classes_are_followed_through_the_project(tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "base.py").write_text(MODEL.replace("class Net", "class Base"))
    net = module(tmp_path, "from nets.base import Base\n\n\nclass Net(Base):\n    pass\n")
    assert net.steps["training_step"].file == "nets/base.py"
    assert net.constructor is not None and net.constructor.parameters[0].name == "hidden"


def test_package_base_says_what_it_brings_by_defines(tmp_path: Path) -> None:
    model = "from package import Base\n\n\nclass Net(Base):\n    pass\n"
    data = DATA.partition("\n    def val")[0]
    assert "`defines: [training_step]`" in checked(tmp_path, model, data)[0]
    assert checked(tmp_path, model, data, SPEC + "defines: [training_step]\n") == []


def test_iterable_data_takes_no_share_of_its_batches(tmp_path: Path) -> None:
    data = DATA.replace("return [1, 2]", "return Stream()").replace(
        "class Data",
        "from torch.utils.data import IterableDataset\n\n\n"
        "class Stream(IterableDataset):\n    pass\n\n\nclass Data",
        1,
    )
    found = checked(tmp_path, data=data, spec=SPEC + "limit_train_batches: 0.5\n")
    assert len(found) == 1 and "is iterable and has no length" in found[0]
    assert checked(tmp_path, data=data, spec=SPEC + "limit_train_batches: 5\n") == []


@pytest.mark.parametrize(
    ("signature", "body", "has_length"),
    [
        ("", "return DataLoader(Stream(), 4)", False),
        ("", "data = Stream()\n        return DataLoader(dataset=data)", False),
        (" -> DataLoader", "loader = DataLoader(Stream())\n        return loader", False),
        ("", "data: Stream = Stream()\n        return DataLoader(data)", False),
        ("", "return DataLoader(self.stream)", False),
        (" -> Iterable[int]", "return DataLoader(self.rows)", False),
        (" -> Endless", "return Endless()", False),
        ("", "return DataLoader(self.rows)", True),
        (" -> Own", "return Own()", True),
        (" -> Endless", "return Own()", True),
        (" -> Typed", "return Typed()", True),
        (" -> Named", "return Named()", False),
        ("", "return DataLoader([1, 2], 4)", True),
        ("", "return DataLoader(Counted(), 4)", True),
    ],
)
def test_a_loader_of_a_stream_has_no_length(
    tmp_path: Path, signature: str, body: str, has_length: bool
) -> None:
    classes = (
        "from collections.abc import Iterable\n"
        "from typing import Generic, TypeVar\n"
        "from torch.utils.data import DataLoader, IterableDataset\n\nT = TypeVar('T')\n\n\n"
        "class Stream(IterableDataset):\n    pass\n\n\n"
        "class Counted(Stream):\n    def __len__(self):\n        return 3\n\n\n"
        "class Endless:\n    def __iter__(self):\n        return self\n\n\n"
        "class Named(Generic[T]):\n    def __iter__(self):\n        return self\n\n\n"
        "class Typed(Iterable[int]):\n    def __len__(self):\n        return 3\n\n\n"
        "class Own(Endless):\n    def __len__(self):\n        return 3\n\n\nclass Data"
    )
    setup = (
        "    def setup(self):\n        self.stream = Stream()\n        self.rows = list()\n\n"
        f"    def train_dataloader(self){signature}"
    )
    data = DATA.replace("    def train_dataset(self)", setup)
    data = data.replace("return [1, 2]", body).replace("class Data", classes, 1)
    assert checked(tmp_path, data=data) == []
    found = check(tmp_path, SPEC)
    assert isinstance(found, Checked)
    assert found.data.sources["train"].iterable is not has_length


def test_several_validation_sets_are_known_by_name(tmp_path: Path) -> None:
    data = DATA.replace("return [1]", "return {'clean': [1], 'noisy': [2]}")
    assert checked(tmp_path, data=data) == []
    found = check(tmp_path, SPEC)
    assert isinstance(found, Checked)
    assert found.data.sources["val"].names == ("clean", "noisy")


STREAM = (
    "from torch.utils.data import IterableDataset\n\n\n"
    "class Stream(IterableDataset):\n    pass\n\n\n"
)


@pytest.mark.parametrize(
    "helper",
    [
        "def make():\n    return Stream()\n\n\n",
        "def make() -> Stream:\n    stream = Stream()\n    return stream\n\n\n",
        "def make():\n    return made()\n\n\ndef made() -> 'Stream':\n    return Stream()\n\n\n",
    ],
)
def test_a_function_that_makes_the_data_set_is_followed(tmp_path: Path, helper: str) -> None:
    data = DATA.replace("return [1, 2]", "return make()")
    data = data.replace("class Data", STREAM + helper + "class Data", 1)
    assert checked(tmp_path, data=data) == []
    found = check(tmp_path, SPEC)
    assert isinstance(found, Checked) and found.data.sources["train"].iterable


def test_the_sets_of_a_method_of_the_data_class_are_known_by_name(tmp_path: Path) -> None:
    data = DATA.replace("return [1]", "return self.sets()")
    data += "\n    def sets(self):\n        return {'clean': [1], 'noisy': [2]}\n"
    assert checked(tmp_path, data=data) == []
    found = check(tmp_path, SPEC)
    assert isinstance(found, Checked)
    assert found.data.sources["val"].names == ("clean", "noisy")


def test_a_function_that_does_not_show_its_data_set_is_asked_for_it(tmp_path: Path) -> None:
    helper = "def make(kind=0):\n    return SETS[kind]\n\n\n"
    data = DATA.replace("return [1, 2]", "return make()").replace(
        "class Data", helper + "class Data"
    )
    (found,) = checked(tmp_path, data=data)
    assert "what train_dataset returns cannot be told; annotate it" in found
    annotated = data.replace("def train_dataset(self):", "def train_dataset(self) -> list[int]:")
    assert annotated != data and checked(tmp_path, data=annotated) == []


def test_a_metric_with_the_name_of_an_epochs_mean_is_refused(tmp_path: Path) -> None:
    line = "        return F.cross_entropy(self(x), y)\n"
    model = MODEL.replace(line, "        return {'loss': self(x).sum(), 'loss_epoch': 1.0}\n", 1)
    (found,) = checked(tmp_path, model)
    assert "loss_epoch is the name of loss's mean over the epoch" in found
