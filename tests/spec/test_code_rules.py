"""Each rule about the user's code refuses its combination, and says the reason and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lgen.project import project_files
from lgen.spec.code_rules import CODE_RULES
from tests.support.projects import DATA, MODEL, OPTIONS, spec_text


@dataclass(frozen=True)
class Case:
    """A combination that a rule refuses, and the nearest one that it does not.

    `code` is replaced in model.py and data.py, old by new; `mended` are the options that put it
    right, None where the code as it was does.
    """

    id: str
    options: Mapping[str, Any]
    message: str
    code: Mapping[str, str] = field(default_factory=dict)
    mended: Mapping[str, Any] | None = None


NO_OPTIMIZER: dict[str, Any] = {"optimizer": None}
CONFIGURES = {
    "    def metrics(": "    def configure_optimizers(self) -> torch.optim.Optimizer:\n"
    "        return torch.optim.SGD(self.parameters())\n\n    def metrics("
}
SCHEDULES = {
    "    def metrics(": "    def configure_optimizers(self) -> tuple[torch.optim.Optimizer, "
    "torch.optim.lr_scheduler.LRScheduler]:\n"
    "        optimizer = torch.optim.SGD(self.parameters())\n"
    "        return optimizer, torch.optim.lr_scheduler.LinearLR(optimizer)\n\n    def metrics("
}
NO_VALIDATION = {"def validation_step": "def _validation", "def val_dataset": "def _val"}
NO_STEP = {"def validation_step": "def _validation"}
NO_DATA = {"def val_dataset": "def _val"}
NO_TEST = {"def test_step": "def _test", "def test_dataset": "def _test"}
NO_PREDICTION = {"def predict_step": "def _predict", "def predict_dataset": "def _predict"}
STREAM = {
    "class Noisy(Dataset": "class Stream(torch.utils.data.IterableDataset[int]):\n    pass\n\n\n"
    "class Noisy(Dataset",
    "return Noisy(samples(self.number, 1))": "return Stream()",
}
STATEFUL_STREAM = {
    **STREAM,
    "IterableDataset[int]):\n    pass": "IterableDataset[int]):\n"
    "    def state_dict(self) -> object: ...",
}
LOADERS = {
    f"def {stage}_dataset(self) -> Dataset[tuple[Tensor, ...]]": f"def {stage}_dataloader(self)"
    for stage in ("train", "val", "test", "predict")
}
OWN_TRAIN = {"def train_dataset": "def train_dataloader"}
ORDER = {
    "    def val_dataset(": "    def train_order(self, epoch: int) -> list[int]:\n"
    "        return []\n\n    def val_dataset("
}
METRIC = {
    "from torch import Tensor, nn\n": "from torch import Tensor, nn\n"
    "from torchmetrics import MeanMetric\n",
    "        self.dropout = ": "        self.mean = MeanMetric()\n        self.dropout = ",
    "        logits = self(x)\n": "        logits = self(x)\n        self.mean.update(x)\n",
}
BLOCKS: dict[str, Any] = {
    "optimizer": None,
    "optimizers": {
        "first": {"step": "training_step", "parameters": "enter", "optimizer": {"name": "Adam"}},
        "second": {"parameters": ["blocks.0", "leave"], "optimizer": {"name": "SGD"}},
    },
}
METRICS = "    def metrics("
SECOND = {
    METRICS: "    def second_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:\n"
    "        return self.metrics(batch)['loss']\n\n    def metrics("
}
FIRST_STEP = {
    "    def training_step(": "    def first_step(",
    METRICS: "    def first_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:\n"
    "        loss = self.metrics(batch)['loss']\n"
    "        return {'loss': loss, 'b_loss': loss}\n\n" + SECOND[METRICS],
}
UNKNOWN_STEP = {
    "    def training_step(": "    def first_step(",
    "        return self.metrics(batch)\n\n    def val": "        return dict(self.metrics(batch))"
    "\n\n    def val",
    METRICS: SECOND[METRICS],
}
PLATEAU = {"name": "ReduceLROnPlateau", "monitor": "val_loss"}
OWN = "Points brings its own loaders; set {0} there and remove it here"


def blocks(**second: Any) -> dict[str, Any]:
    """The spec of two blocks, of which the second has other options."""
    both = BLOCKS["optimizers"]
    return {**BLOCKS, "optimizers": {**both, "second": {**both["second"], **second}}}


def named_alike(name: str) -> dict[str, Any]:
    """The spec of two blocks, of which the second has this name."""
    own = {"parameters": "leave", "step": "second_step", "optimizer": {"name": "SGD"}}
    first = {**BLOCKS["optimizers"]["first"], "step": "first_step"}
    return {**BLOCKS, "optimizers": {"first": first, name: own}}


def hook(signature: str) -> dict[str, str]:
    """The second step and a hook."""
    return {METRICS: f"    def {signature} -> None:\n        pass\n\n{SECOND[METRICS]}"}


CASES = (
    Case(
        "blocks-configured",
        BLOCKS,
        "the module has configure_optimizers; remove optimizers, or the method",
        {METRICS: CONFIGURES[METRICS].replace(METRICS, "") + SECOND[METRICS]},
        NO_OPTIMIZER,
    ),
    Case(
        "blocks-training-step",
        {
            "optimizer": None,
            "optimizers": {"second": {"parameters": "enter", "optimizer": {"name": "SGD"}}},
        },
        "training_step is called by no block of optimizers; remove the method, or set step: "
        "training_step in one",
        SECOND,
        BLOCKS,
    ),
    Case(
        "blocks-parts",
        blocks(parameters=["enter", "exit.0"]),
        "Net assigns no self.exit, which optimizers.second is to train; set parameters to the "
        "parts that it has",
        SECOND,
        BLOCKS,
    ),
    Case(
        "blocks-metrics",
        named_alike("first_b"),
        "metrics are logged under the block's name and their own: b_loss of first has the name "
        "that a metric of first_b has or may have; name a block otherwise, so that none begins "
        "with first_",
        FIRST_STEP,
        named_alike("second"),
    ),
    Case(
        "blocks-metrics",
        named_alike("first_b"),
        "metrics are logged under the block's name and their own: what first returns is not "
        "known, and may be named as what first_b returns; name a block otherwise, so that none "
        "begins with first_",
        UNKNOWN_STEP,
        named_alike("second"),
    ),
    Case(
        "blocks-hooks",
        BLOCKS,
        "on_train_batch_end names outputs, and each block of optimizers has its own; take it in "
        "the steps",
        hook("on_train_batch_end(self, outputs: object)"),
        {},
    ),
    Case(
        "blocks-hooks",
        BLOCKS,
        "on_train_start names optimizer, and each block of optimizers has its own; take it in "
        "the steps",
        hook("on_train_start(self, optimizer: object)"),
        {},
    ),
    Case(
        "iterable-length",
        blocks(scheduler={"name": "CosineAnnealingLR", "interval": "step"}),
        "train_dataset is iterable, so the run's length is not known; set max_steps, or T_max: "
        "int in scheduler",
        {**STREAM, **SECOND},
        blocks(scheduler={"name": "CosineAnnealingLR", "T_max": 5, "interval": "step"}),
    ),
    Case(
        "one-optimizer",
        NO_OPTIMIZER,
        "there is no optimizer; write optimizer: {name: AdamW, lr: 1e-3}, or "
        "configure_optimizers in the module",
        mended={"optimizer": {"name": "SGD"}},
    ),
    Case(
        "one-optimizer",
        {},
        "the module has configure_optimizers; remove optimizer, or the method",
        CONFIGURES,
        NO_OPTIMIZER,
    ),
    Case(
        "one-scheduler",
        NO_OPTIMIZER | {"scheduler": {"name": "LinearLR"}},
        "configure_optimizers returns a scheduler; scheduler takes interval and frequency",
        SCHEDULES,
        NO_OPTIMIZER | {"scheduler": {"interval": "step"}},
    ),
    Case(
        "one-scheduler",
        {"scheduler": {"interval": "step"}},
        "scheduler needs a name, such as CosineAnnealingLR",
        mended={"scheduler": {"interval": "step", "name": "LinearLR"}},
    ),
    Case(
        "filename-measured",
        {"checkpoint": {"monitor": "val_loss", "filename": "{step}-{acc:.2f}"}},
        "validation measures no acc; did you mean val_acc? (known: epoch, step, val_loss, val_acc)",
        mended={"checkpoint": {"monitor": "val_loss", "filename": "{step}-{val_acc:.2f}"}},
    ),
    Case(
        "filename-measured",
        {"checkpoint": {"monitor": "val_loss", "filename": "{train_loss}"}},
        "validation measures no train_loss; did you mean val_loss? (known: epoch, step, val_loss)",
        {'"acc": accuracy}': '"acc": accuracy, **self.more}'},
        {"checkpoint": {"monitor": "val_loss", "filename": "{val_more}"}},
    ),
    Case(
        "defines-known",
        {"defines": ["on_trian_start"]},
        "on_trian_start is no step or hook; did you mean on_train_start?",
        mended={},
    ),
    Case(
        "wrap-known",
        {"strategy": "fsdp", "fsdp": {"wrap": ["Blok"]}},
        "model.py has no class Blok; did you mean Block?; define it there or import it there",
        mended={"strategy": "fsdp", "fsdp": {"wrap": ["Block"]}},
    ),
    Case(
        "stage-halves",
        {},
        "validation_step has no data; write val_dataset in data.py, or set limit_val_batches: 0",
        NO_DATA,
        {"limit_val_batches": 0},
    ),
    Case(
        "stage-halves",
        {},
        "val_dataset has no validation_step in model.py; write it, or set limit_val_batches: 0",
        NO_STEP,
        {"limit_val_batches": 0},
    ),
    Case(
        "several-measured",
        {},
        "val_dataset has several sets, and validation_step measures nothing that tells them "
        "apart; return its metrics",
        {
            "return samples(21, 2)": "return {'a': samples(21, 2), 'b': samples(3, 2)}",
            "def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> "
            "dict[str, Tensor]:\n        return": "def validation_step(self, batch) -> None:\n"
            "       ",
        },
    ),
    Case(
        "last-validation",
        {"scheduler": PLATEAU, "val_check_interval": 2},
        "train_dataset is iterable, so an epoch's last validation is not known; set "
        "interval: validation in scheduler",
        STREAM,
        {"scheduler": {**PLATEAU, "interval": "validation"}, "val_check_interval": 2},
    ),
    Case(
        "monitor-measured",
        {"early_stopping": {"monitor": "val_los"}},
        "validation measures no val_los; did you mean val_loss? (measured: val_loss, val_acc)",
        mended={"early_stopping": {"monitor": "val_loss"}},
    ),
    Case(
        "monitor-measured",
        {"early_stopping": {"monitor": "val_loss"}},
        "nothing measures val_loss; write validation_step and val_dataset",
        NO_VALIDATION,
    ),
    Case(
        "validation-steps",
        {"scheduler": {"name": "LinearLR", "interval": "validation"}},
        "there is no validation to step at; set interval: epoch",
        NO_VALIDATION,
        {"scheduler": {"name": "LinearLR", "interval": "epoch"}},
    ),
    Case(
        "iterable-limits",
        {"limit_train_batches": 0.5},
        "train_dataset is iterable and has no length to take a share of; write a number of batches",
        STREAM,
        {"limit_train_batches": 5},
    ),
    Case(
        "iterable-limits",
        {"val_check_interval": 0.5},
        "train_dataset is iterable and has no length to take a share of; write a number of batches",
        STREAM,
        {"val_check_interval": 5},
    ),
    Case(
        "iterable-length",
        {"scheduler": {"name": "OneCycleLR", "max_lr": 0.1, "interval": "step"}},
        "train_dataset is iterable, so the run's length is not known; set max_steps, or "
        "total_steps: int in scheduler",
        STREAM,
        {
            "scheduler": {"name": "OneCycleLR", "max_lr": 0.1, "interval": "step"},
            "max_steps": 50,
        },
    ),
    Case(
        "finetuned-optimizer",
        {"finetuning": {"backbone": "blocks"}, "max_epochs": 20, **NO_OPTIMIZER},
        "finetuning builds the optimizer of what is trained at first; remove configure_optimizers "
        "and write optimizer: in the spec, or freeze in your own hooks",
        CONFIGURES,
        NO_OPTIMIZER,
    ),
    Case(
        "iterable-length",
        {
            "scheduler": {"name": "CosineAnnealingLR", "interval": "validation"},
            "val_check_interval": 3,
            "max_epochs": 2,
        },
        "train_dataset is iterable, so the run's length is not known; set T_max: int in scheduler",
        STREAM,
        {"scheduler": {"name": "CosineAnnealingLR", "interval": "validation"}, "max_epochs": 2},
    ),
    Case(
        "iterable-length",
        {"scheduler": {"name": "WSD", "interval": "step"}},
        "train_dataset is iterable, so the run's length is not known; set max_steps",
        STREAM,
        {"scheduler": {"name": "WSD", "interval": "step"}, "max_steps": 50},
    ),
    Case(
        "limit-of-a-loop",
        {"limit_val_batches": 5},
        "there is no validation; write validation_step and val_dataset, or remove "
        "limit_val_batches",
        NO_VALIDATION,
    ),
    Case(
        "limit-of-a-loop",
        {"limit_test_batches": 0.5},
        "there is no test; write test_step and test_dataset, or remove limit_test_batches",
        NO_TEST,
    ),
    Case(
        "limit-of-a-loop",
        {"limit_predict_batches": 1},
        "there is no prediction; write predict_step and predict_dataset, or remove "
        "limit_predict_batches",
        NO_PREDICTION,
    ),
    Case(
        "interval-of-a-validation",
        {"val_check_interval": 5},
        "there is no validation; write validation_step and val_dataset, or remove "
        "val_check_interval",
        NO_VALIDATION,
    ),
    Case(
        "interval-of-a-validation",
        {"check_val_every_n_epoch": 2},
        "there is no validation; write validation_step and val_dataset, or remove "
        "check_val_every_n_epoch",
        NO_VALIDATION,
    ),
    Case(
        "inference-of-a-loop",
        {"inference_mode": False},
        "nothing is evaluated, in inference_mode or without; remove inference_mode, or write a "
        "validation_step and val_dataset",
        {**NO_VALIDATION, **NO_TEST, **NO_PREDICTION},
    ),
    Case("loader-options", {"batch_size": 8}, OWN.format("batch_size"), LOADERS),
    Case("loader-options", {"num_workers": 2}, OWN.format("num_workers"), LOADERS),
    Case("loader-options", {"pin_memory": False}, OWN.format("pin_memory"), LOADERS),
    Case(
        "loader-options",
        {"num_workers": 2},
        "train_dataset saves its position, and workers would read on in copies of it; remove "
        "num_workers",
        {**STATEFUL_STREAM, **NO_VALIDATION, **NO_TEST, **NO_PREDICTION},
    ),
    Case(
        "drop-last-loader",
        {"drop_last": True},
        "train_dataloader is your own loader; set drop_last there and remove it here",
        OWN_TRAIN,
    ),
    Case(
        "shuffle-order",
        {"shuffle": False},
        "train_order gives the order of the training samples; remove shuffle",
        ORDER,
    ),
    Case(
        "shuffle-order",
        {"shuffle": False},
        "train_dataset gives the order of the training samples; remove shuffle",
        STREAM,
    ),
    Case(
        "iterable-limits",
        {"overfit_batches": 0.5},
        "train_dataset is iterable and has no length to take a share of; write a number of batches",
        STREAM,
        {"overfit_batches": 2},
    ),
    Case(
        "weight-returned",
        {"batch_weight": "ac"},
        "there is no ac in what is returned by training_step, validation_step, test_step; "
        'return it beside the loss, as in {"loss": loss, "ac": ...}; did you mean acc?',
        mended={"batch_weight": "acc"},
    ),
    Case(
        "partial-window-length",
        {"partial_window": "actual", "accumulate_grad_batches": 2},
        "train_dataset is iterable, so its last window is not known before it ends; remove "
        "partial_window",
        STREAM,
    ),
    Case(
        "overfit-loader",
        {"overfit_batches": 2},
        "train_dataloader is your own loader, which may shuffle; write train_dataset, or set "
        "limit_train_batches and limit_val_batches",
        OWN_TRAIN,
    ),
    Case(
        "compile-forward",
        {"compile": True},
        "torch compiles the model's forward, and training_step does not call self(...); "
        "set compile: step, or target: step in compile",
        {"logits = self(x)": "logits = self.forward(x)"},
        {"compile": "step"},
    ),
    Case(
        "metrics-closure",
        {"optimizer": {"name": "LBFGS"}},
        "LBFGS evaluates its batch several times in a step, and the metric objects that "
        "training_step uses would count it as often; return the metric in the step's dict, "
        "or choose another optimizer",
        METRIC,
        {"optimizer": {"name": "Adam"}},
    ),
    Case(
        "iterable-length",
        {"scheduler": {"name": "CosineAnnealingLR"}, "max_epochs": 5, "max_steps": 9},
        "train_dataset is iterable, so whether max_epochs or max_steps ends the run is not known; "
        "remove max_steps, or set T_max: int in scheduler",
        STREAM,
        {"scheduler": {"name": "CosineAnnealingLR"}, "max_epochs": 5},
    ),
    Case(
        "repeated-validations",
        {
            "scheduler": {"name": "CosineAnnealingLR", "interval": "validation"},
            "val_check_interval": 3,
        },
        "train_dataloader has no state, so a resumed epoch starts again, with more validations "
        "than the schedule's length; set interval: step or T_max: int in scheduler",
        OWN_TRAIN,
        {
            "scheduler": {"name": "CosineAnnealingLR", "interval": "step"},
            "val_check_interval": 3,
        },
    ),
    Case(
        "prefetch-position",
        {"prefetch_to_device": True, "accelerator": "cuda", "num_workers": 1},
        "train_dataset saves its position, which prefetching moves one batch ahead; remove "
        "prefetch_to_device, or set checkpoint: false",
        STATEFUL_STREAM,
        {"accelerator": "cuda", "num_workers": 1},
    ),
    Case(
        "prefetch-hooks",
        {"prefetch_to_device": True, "accelerator": "cuda", "num_workers": 1},
        "a batch that is prefetched is on the device before on_before_batch_transfer is called; "
        "remove prefetch_to_device, or change the batch in collate_fn or on_after_batch_transfer",
        {
            "    def metrics(": "    def on_before_batch_transfer(self, batch):\n"
            "        return batch\n\n    def metrics("
        },
        {"accelerator": "cuda", "num_workers": 1},
    ),
    Case(
        "finetuned-part",
        {"finetuning": {"backbone": "block.0", "unfreeze_backbone_at_epoch": 1}},
        "Net assigns no self.block, which is to be frozen at first; did you mean blocks?; set "
        "backbone to a part that it has",
        mended={"finetuning": {"backbone": "blocks.0", "unfreeze_backbone_at_epoch": 1}},
    ),
    Case(
        "metrics-compile",
        {"compile": "step"},
        "torch cannot compile the metric objects that training_step uses; set compile: true, "
        "which compiles the model's forward",
        METRIC,
        {"compile": True},
    ),
    Case(
        "metrics-sync",
        {"strategy": "ddp", "devices": 2},
        "dist_sync_on_step waits for all processes in every batch, and an evaluation deals "
        "them unequally many; remove it: compute() adds over the processes",
        {**METRIC, "MeanMetric()": "MeanMetric(dist_sync_on_step=True)"},
        {},
    ),
    Case(
        "average-unused",
        {"ema": True, "checkpoint": False},
        "the averaged weights would be neither validated nor saved; remove ema, or "
        "checkpoint: false",
        NO_VALIDATION,
        {"ema": True},
    ),
    Case(
        "root-of-nothing",
        {"default_root_dir": "out", "checkpoint": False, "loggers": []},
        "no checkpoint, row or prediction is written; remove default_root_dir, or add a logger",
        NO_PREDICTION,
        {"default_root_dir": "out", "checkpoint": False},
    ),
)


def faults(folder: Path, options: Mapping[str, Any], code: Mapping[str, str]) -> list[str]:
    """What is wrong with a project of these options and this code."""
    texts = {"model.py": MODEL, "data.py": DATA}
    for old, new in code.items():
        assert any(old in text for text in texts.values()), old
        texts = {file: text.replace(old, new) for file, text in texts.items()}
    for file, text in texts.items():
        (folder / file).write_text(text)
    given = {**OPTIONS, "batch_size": 32, **options}
    spec = spec_text({name: value for name, value in given.items() if value is not None})
    found = project_files(folder, spec)
    return [fault.message for fault in found] if isinstance(found, list) else []


def test_every_rule_has_a_case() -> None:
    assert {rule.id for rule in CODE_RULES} == {case.id for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule_refuses_its_combination_and_only_that(tmp_path: Path, case: Case) -> None:
    assert faults(tmp_path, case.options, case.code) == [case.message]
    mended = {} if case.mended is None else case.mended
    assert faults(tmp_path, mended, {} if case.mended is None else case.code) == []
    # the options alone are not what is refused, but what they are beside this code
    if case.code and case.mended is None:
        assert faults(tmp_path, case.options, {}) == []
