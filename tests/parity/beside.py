"""A generated train.py and Lightning's Trainer on the same model and data, side by side.

The order of samples is the script's own, so Lightning is given the script's loader, which has a
generator of its own. All else that Lightning does is its own.
"""

from __future__ import annotations

import csv
import importlib
import inspect
import logging
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from lgen.user_code.hooks import HOOKS
from tests.support.projects import make_project

USER = Path(__file__).parent / "user"
# what a project imports from its own folder, and so do the tests of the runtime
OWN_MODULES = ("train", "model", "data", "my_optim", "runtime")

BASE = {"module": "model.py:Net", "data": "data.py:Rows", "batch_size": 8, "max_epochs": 4}

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


@dataclass
class Result:
    """A run of the script: its last state, its log and the names of its other checkpoints."""

    state: dict[str, Any]
    rows: list[dict[str, str]]
    files: list[str]

    @property
    def weights(self) -> dict[str, Tensor]:
        """The last weights by name."""
        weights: dict[str, Tensor] = self.state["model"]
        return weights

    def steps(self, column: str) -> list[int]:
        """The steps of the rows in which the column has a value."""
        return [int(row["step"]) for row in self.rows if row.get(column)]

    def values(self, column: str) -> list[float]:
        """The column's values."""
        return [float(row[column]) for row in self.rows if row.get(column)]


class Script:
    """A project that was made from the options, imported from its folder."""

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self.folder = folder
        self.shuffles = options.get("shuffle", True)
        with own_modules(folder):
            self.train = importlib.import_module("train")
            self.model: ModuleType = importlib.import_module("model")
            self.data: ModuleType = importlib.import_module("data")
            self.modules = {"train": self.train, "model": self.model, "data": self.data}
        self.module, self.data_class = (
            spec if isinstance(spec, dict) else {"path": spec, "args": {}}
            for spec in ({**BASE, **options}[key] for key in ("module", "data"))
        )

    def new_model(self) -> nn.Module:
        """The user's module, as the script builds it."""
        model: nn.Module = self._new(self.model, self.module)
        return model

    def new_data(self) -> Any:
        """The user's data class, as the script builds it."""
        return self._new(self.data, self.data_class)

    def _new(self, file: ModuleType, named: Mapping[str, Any]) -> Any:
        return getattr(file, named["path"].partition(":")[2])(**named["args"])

    def config(self, **settings: Any) -> Any:
        """The script's configuration; runs go to the project's folder."""
        return self.train.Config(default_root_dir=str(self.folder / "runs"), **settings)

    def run(self, **settings: Any) -> Result:
        """Train from the start, in this process alone."""
        self.run_rank(**settings)
        return last_result(self.folder)

    def run_rank(self, **settings: Any) -> None:
        """Train from the start as one of the ranks."""
        with own_modules(self.folder, self.modules):
            self.train.main(self.config(**settings))


def make_script(folder: Path, options: Mapping[str, Any]) -> Script:
    """A new project, made from the options."""
    model, data = ((USER / name).read_text() for name in ("model.py", "data.py"))
    return Script(make_project(folder / "project", {**BASE, **options}, model, data), options)


@contextmanager
def own_modules(folder: Path, loaded: Mapping[str, ModuleType] = {}) -> Iterator[None]:
    """Let the project's modules be imported from its folder, but for those that are loaded.

    Afterwards all is as before.
    """

    def take() -> dict[str, ModuleType]:
        names = [name for name in sys.modules if name.partition(".")[0] in OWN_MODULES]
        return {name: sys.modules.pop(name) for name in names}

    before = take()
    sys.path.insert(0, str(folder))
    sys.modules.update(loaded)
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        take()
        sys.modules.update(before)


def last_result(folder: Path) -> Result:
    """What the only run in the project's folder left on the disk."""
    run_folder = folder / "runs" / "version_0"
    checkpoints = run_folder / "checkpoints"
    state = torch.load(checkpoints / "last.ckpt", weights_only=True)
    with (run_folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = {path.name for path in checkpoints.iterdir()} - {"last.ckpt", "previous.ckpt"}
    return Result(state, rows, sorted(names))


class Wrapped(pl.LightningModule):
    """The user's module as a LightningModule: each output of a step is logged under its name."""

    def __init__(self, model: nn.Module, configured: Any) -> None:
        super().__init__()
        self.model = model
        self.configured = configured

    def configure_optimizers(self) -> Any:
        return self.configured(self.model)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        outputs = self.model.training_step(batch)
        size = batch[0].size(0)
        for name, value in outputs.items():
            self.log(f"train_{name}", value.detach(), on_step=True, on_epoch=True, batch_size=size)
        return outputs

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        outputs = self.model.validation_step(batch)
        for name, value in outputs.items():
            self.log(f"val_{name}", value, batch_size=batch[0].size(0), sync_dist=True)


def forward_hooks(model: nn.Module) -> type[Wrapped]:
    """Wrapped, with every hook of the user's module under the same name.

    A hook that names arguments gets as many of Lightning's, the first ones.
    """

    def forwarded(name: str) -> Callable[..., Any]:
        number = len(inspect.signature(getattr(model, name)).parameters)

        def hook(self: Wrapped, *given: Any, **named: Any) -> Any:
            return getattr(self.model, name)(*[*given, *named.values()][:number])

        return hook

    there = [name for name in (*HOOKS, "test_step", "predict_step") if hasattr(model, name)]
    return type("WrappedWithHooks", (Wrapped,), {name: forwarded(name) for name in there})


class TellEpoch(pl.Callback):
    """Tells the script's sampler the epoch, as the script does."""

    def __init__(self, batches: Any) -> None:
        self.batches = batches

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.batches.epoch = trainer.current_epoch


def beside(
    script: Script,
    optimizers: Callable[[nn.Module], Any],
    *,
    limited: bool = False,
    own_order: bool = False,
    own_workers: int = 0,
    val_generator: bool = True,
    rank: Mapping[str, int] | None = None,
    callbacks: Iterable[pl.Callback] = (),
    fit: Mapping[str, Any] | None = None,
    wrapped: Callable[[nn.Module, Any], pl.LightningModule] | None = None,
    **flags: Any,
) -> pl.Trainer:
    """A Trainer with these flags that has fitted a new model of the script.

    `limited` says that the Trainer limits the batches, not the script's sampler, and `own_order`
    that Lightning loads by itself, shuffled if the script's are, with `own_workers`. Without
    `val_generator` the loader of the validation draws its seed from the global stream. `rank`
    holds rank and world_size of this process, `fit` what Lightning's fit is given beside them;
    `wrapped` makes a LightningModule of another kind than Wrapped.
    """
    cfg = script.config()
    torch.manual_seed(cfg.seed)
    data = script.new_data()
    model = script.new_model()
    batches, loader = script.train.training_loader(data, **(rank or {}), cfg=cfg)
    if limited:
        batches.max_batches = None
    if own_order:
        loader = DataLoader(
            data.train_dataset(), cfg.batch_size, shuffle=script.shuffles, num_workers=own_workers
        )
    val_loader = None
    if hasattr(data, "val_dataset"):
        val_loader = DataLoader(
            data.val_dataset(),
            cfg.batch_size,
            generator=torch.Generator() if val_generator else None,
        )
    trainer = pl.Trainer(
        **{
            "accelerator": "cpu",
            "devices": 1,
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "use_distributed_sampler": own_order,
            "max_epochs": getattr(cfg, "max_epochs", -1),
            "default_root_dir": script.folder / "lightning",
            **flags,
        },
        callbacks=[TellEpoch(batches), *callbacks],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = (wrapped or forward_hooks(model))(model, optimizers)
        trainer.fit(module, loader, val_loader, **(fit or {}))
    return trainer


def assert_equal_weights(result: Result, trainer: pl.Trainer) -> None:
    """Fail unless every tensor of both models is the same to the last bit."""
    weights = trainer.lightning_module.model.state_dict()
    assert weights.keys() == result.weights.keys()
    for name, weight in weights.items():
        assert weight.dtype == result.weights[name].dtype
        assert torch.equal(weight, result.weights[name]), name
