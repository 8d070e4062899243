"""The runs that step_overhead.py compares: a plain loop, one with averages, and one of a GAN.

All runs of a kind have the same model, sampler and DataLoader, and train without an end.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from accelerate import Accelerator
from lightning.pytorch.callbacks import EMAWeightAveraging
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tests.parity.beside import own_modules
from tests.support.projects import make_project

STEPS = 200  # in a block
MODEL = """\
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        x, y = batch
        return F.cross_entropy(self(x), y)
"""
VALIDATED_MODEL = f"""\
{MODEL}
    def validation_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self.training_step(batch)
"""
GAN = """\
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Gan(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 32))
        self.discriminator = nn.Sequential(nn.Linear(32, 32), nn.LeakyReLU(), nn.Linear(32, 1))

    def forward(self, number: int) -> Tensor:
        return self.generator(torch.randn(number, 16))

    def discriminator_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        real, _ = batch
        fake = self(len(real)).detach()
        on_real, on_fake = self.discriminator(real), self.discriminator(fake)
        return F.softplus(-on_real).mean() + F.softplus(on_fake).mean()

    def generator_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        real, _ = batch
        return F.softplus(-self.discriminator(self(len(real)))).mean()
"""
DATA = f"""\
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.utils.data import TensorDataset


class Rows(TensorDataset):
    end_block: ClassVar[Callable[[], None]]
    batches = 0

    def __getitems__(self, indices: list[int]) -> list[Any]:
        if self.batches % {STEPS} == 0:
            type(self).end_block()
        self.batches += 1
        return [self[index] for index in indices]


class Data:
    def __init__(self, samples: int) -> None:
        self.samples = samples

    def train_dataset(self) -> Rows:
        return Rows(torch.randn(self.samples, 32), torch.randint(2, (self.samples,)))
"""
VALIDATED_DATA = f"""\
{DATA}
    def val_dataset(self) -> TensorDataset:
        return TensorDataset(torch.randn(64, 32), torch.randint(2, (64,)))
"""
# every option that computes nothing in a step: it writes, limits, watches the clock or waits
BESIDE_THE_STEP = {
    "min_epochs": 1,
    "min_steps": 10,
    "max_time": "24:00:00",
    "limit_train_batches": 1.0,
    "limit_val_batches": 4,
    "val_check_interval": 0.5,
    "check_val_every_n_epoch": 2,
    "num_sanity_val_steps": 3,
    "early_stopping": {"monitor": "val_loss", "patience": 5},
    "checkpoint": {
        "monitor": "val_loss",
        "save_top_k": 3,
        "every_n_epochs": 2,
        "every_n_train_steps": 1_000_000,
        "train_time_interval": "10:00:00",
    },
    "save_hyperparameters": True,
    "save_code": True,
    "model_summary_depth": -1,
}
# what costs something in each row of the log
IN_ROWS = {"loggers": ["csv", "tensorboard"], "device_stats": True}


class Project:
    """A project of the benchmark's model and data, and its modules."""

    def __init__(
        self,
        folder: Path,
        samples: int,
        options: Mapping[str, Any] = {},
        model: str = MODEL,
        data: str = DATA,
    ) -> None:
        self.folder = folder
        made = {
            "module": "model.py:Net",
            "data": {"path": "data.py:Data", "args": {"samples": samples}},
            "optimizer": {"name": "SGD", "lr": 0.01},
            "batch_size": 8,
            "max_epochs": 1,
            "log_every_n_steps": 50,
            **options,
        }
        make_project(folder, made, model, data)
        with own_modules(folder):
            self.train = importlib.import_module("train")
            self.model = importlib.import_module("model")
            self.data = importlib.import_module("data")
        self.cfg = self.train.Config(default_root_dir=str(folder / "runs"))

    def loader(self) -> Any:
        """A DataLoader as the script builds it."""
        return self.train.training_loader(self.data.Data(self.cfg.samples), self.cfg)[1]

    def run(self) -> None:
        """The emitted script."""
        with own_modules(self.folder):
            self.train.main(self.cfg)


class Module(pl.LightningModule):
    """The user's module under Lightning; `logs` the loss as the script does."""

    def __init__(self, model: nn.Module, logs: bool) -> None:
        super().__init__()
        self.model = model
        self.logs = logs

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        loss = self.model.training_step(batch)
        if self.logs:
            self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.01)


class GanModule(pl.LightningModule):
    """The GAN under Lightning, by manual optimization."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.automatic_optimization = False

    def training_step(self, batch: Any, batch_idx: int) -> None:
        for optimizer, name in zip(self.optimizers(), ("discriminator", "generator"), strict=True):
            self.toggle_optimizer(optimizer)
            loss = getattr(self.model, f"{name}_step")(batch)
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()
            self.untoggle_optimizer(optimizer)
            self.log(f"train_{name}_loss", loss)

    def configure_optimizers(self) -> Any:
        parts = self.model.discriminator, self.model.generator
        return [torch.optim.SGD(part.parameters(), lr=0.01) for part in parts]


class Plain:
    """One model and one optimizer."""

    def __init__(self, folder: Path, samples: int) -> None:
        self.project = Project(folder / "plain", samples)
        self.full = Project(
            folder / "full", samples, BESIDE_THE_STEP, VALIDATED_MODEL, VALIDATED_DATA
        )
        self.watched = Project(
            folder / "watched",
            samples,
            BESIDE_THE_STEP | IN_ROWS,
            VALIDATED_MODEL,
            VALIDATED_DATA,
        )
        self.projects = [self.project, self.full, self.watched]

    def runs(self) -> dict[str, Callable[[], None]]:
        """The runs by name, that by hand first."""
        return {
            "a second hand-written loop": self.hand_written,
            "lgen, CSV every 50 steps and bar": self.project.run,
            "lgen, every option beside the step": self.full.run,
            "lgen, TensorBoard and device_stats too": self.watched.run,
            "Lightning 2.6.6, defaults": self.lightning,
            "Lightning 2.6.6, barebones": self.lightning_barebones,
            "accelerate 1.15": self.accelerate,
        }

    def hand_written(self) -> None:
        """The loop and nothing else."""
        model, loader = self.project.model.Net(), self.project.loader()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for batch in loader:
            loss = model.training_step(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def lightning(self) -> None:
        """Lightning with its defaults: it logs every 50 steps, and has a bar and checkpoints."""
        fit(self.project, Module(self.project.model.Net(), logs=True))

    def lightning_barebones(self) -> None:
        """Lightning with all of that off."""
        trainer = pl.Trainer(accelerator="cpu", devices=1, max_epochs=1, barebones=True)
        trainer.fit(Module(self.project.model.Net(), logs=False), self.project.loader())

    def accelerate(self) -> None:
        """The hand-written loop with accelerate's objects; it logs nothing."""
        accelerator = Accelerator(cpu=True)
        model = self.project.model.Net()
        model, optimizer, loader = accelerator.prepare(
            model, torch.optim.SGD(model.parameters(), lr=0.01), self.project.loader()
        )
        for x, y in loader:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()


class Averaged:
    """The same with an exponential moving average of the weights."""

    def __init__(self, folder: Path, samples: int) -> None:
        self.project = Project(
            folder / "averaged", samples, {"ema": True}, VALIDATED_MODEL, VALIDATED_DATA
        )
        self.projects = [self.project]

    def runs(self) -> dict[str, Callable[[], None]]:
        """The runs by name."""
        return {
            "lgen, ema": self.project.run,
            "Lightning 2.6.6, EMAWeightAveraging": self.lightning,
        }

    def hand_written(self) -> None:
        """The loop with torch's AveragedModel."""
        model, loader = self.project.model.Net(), self.project.loader()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.999), use_buffers=True)
        for batch in loader:
            loss = model.training_step(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            averaged.update_parameters(model)

    def lightning(self) -> None:
        """Lightning's callback, with the Trainer's defaults."""
        module = Module(self.project.model.Net(), logs=True)
        fit(self.project, module, callbacks=[EMAWeightAveraging(decay=0.999)])


class Adversaries:
    """A generator and a discriminator, each with an optimizer."""

    def __init__(self, folder: Path, samples: int) -> None:
        options = {
            "module": "model.py:Gan",
            "optimizer": None,
            "optimizers": {
                name: {"optimizer": {"name": "SGD", "lr": 0.01}}
                for name in ("discriminator", "generator")
            },
        }
        self.project = Project(folder / "gan", samples, options, GAN)
        self.gan = self.project.model.Gan
        self.projects = [self.project]

    def runs(self) -> dict[str, Callable[[], None]]:
        """The runs by name."""
        return {
            "lgen, GAN": self.project.run,
            "Lightning 2.6.6, GAN by manual optimization": self.lightning,
        }

    def hand_written(self) -> None:
        """A step of each in turn, while the other's parameters need no gradients."""
        model, loader = self.gan(), self.project.loader()
        discriminator = torch.optim.SGD(model.discriminator.parameters(), lr=0.01)
        generator = torch.optim.SGD(model.generator.parameters(), lr=0.01)
        for batch in loader:
            model.generator.requires_grad_(False)
            loss = model.discriminator_step(batch)
            discriminator.zero_grad()
            loss.backward()
            discriminator.step()
            model.generator.requires_grad_(True)

            model.discriminator.requires_grad_(False)
            loss = model.generator_step(batch)
            generator.zero_grad()
            loss.backward()
            generator.step()
            model.discriminator.requires_grad_(True)

    def lightning(self) -> None:
        """Lightning's way since it lost several optimizers of its own."""
        fit(self.project, GanModule(self.gan()))


def fit(project: Project, module: pl.LightningModule, **flags: Any) -> None:
    """Fit under Lightning's defaults on the project's data."""
    logger = CSVLogger(project.folder)
    trainer = pl.Trainer(accelerator="cpu", devices=1, max_epochs=1, logger=logger, **flags)
    trainer.fit(module, project.loader())
