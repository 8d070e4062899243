"""Measures a training step beside a hand-written loop: python tests/benchmarks/step_overhead.py

The hand-written loop and another run take turns in one process, a block of steps each, so that
whatever else the machine does meets both. They are threads, of which one waits at the end of its
block, within its data set; neither is changed, and both have the same model, sampler and
DataLoader. Each block is compared with the mean of the hand-written blocks before and after it.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import lightning.pytorch as pl  # noqa: E402
import torch  # noqa: E402
from accelerate import Accelerator  # noqa: E402
from lightning.pytorch.loggers import CSVLogger  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from tests.parity.beside import own_modules  # noqa: E402
from tests.support.projects import make_project  # noqa: E402

STEPS = 200  # in a block
WARM_UP = 2  # first blocks that are left out
MODEL = """\
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


class Terminal:
    """A terminal that shows nothing, so that the bar is on."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        return os.write(self.sink, text.encode())

    def flush(self) -> None:
        """All is written already."""

    def isatty(self) -> bool:
        return True

    def __init__(self) -> None:
        self.sink = os.open(os.devnull, os.O_WRONLY)


class Enough(BaseException):
    """Ends a run from within its data set."""


class Turns:
    """Two runs that take turns, a block each; seconds by name and block."""

    def __init__(self, runs: dict[str, Callable[[], Any]], blocks: int) -> None:
        self.runs = runs
        self.blocks = blocks
        self.may_go = {name: threading.Semaphore(0) for name in runs}
        self.seconds: dict[str, list[float]] = {name: [] for name in runs}
        self.started: dict[str, float] = {}
        self.failure: BaseException | None = None

    def end_block(self) -> None:
        """Note the time of this thread's block, let the other thread go, and wait for it."""
        now = time.perf_counter()
        me = threading.current_thread().name
        if me in self.started:
            self.seconds[me].append(now - self.started[me])
        self.give_turn(me)
        self.may_go[me].acquire()
        if len(self.seconds[me]) == self.blocks or self.failure:
            raise Enough
        self.started[me] = time.perf_counter()

    def give_turn(self, me: str) -> None:
        """Let the other thread go on."""
        (other,) = self.runs.keys() - {me}
        self.may_go[other].release()

    def run(self) -> dict[str, list[float]]:
        """Take turns until each run has done its blocks."""
        threads = [threading.Thread(target=self.thread, name=name) for name in self.runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failure:
            raise self.failure
        return self.seconds

    def thread(self) -> None:
        """One of the runs."""
        me = threading.current_thread().name
        self.may_go[me].acquire() if me != next(iter(self.runs)) else None
        try:
            self.runs[me]()
        except Enough:
            pass
        except BaseException as failure:
            self.failure = failure
        self.give_turn(me)


class Module(pl.LightningModule):
    """The user's module under Lightning; `logs` the loss as the script does."""

    def __init__(self, model: torch.nn.Module, logs: bool) -> None:
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


class Runs:
    """The runs that are compared, each with a new model and loader of the same kind."""

    def __init__(self, folder: Path, blocks: int) -> None:
        self.folder = folder
        samples = 8 * STEPS * (blocks + WARM_UP + 3)
        options = {
            "module": "model.py:Net",
            "data": {"path": "data.py:Data", "args": {"samples": samples}},
            "optimizer": {"name": "SGD", "lr": 0.01},
            "batch_size": 8,
            "max_epochs": 1,
            "log_every_n_steps": 50,
        }
        make_project(folder, options, MODEL, DATA)
        with own_modules(folder):
            self.train = importlib.import_module("train")
            self.model = importlib.import_module("model").Net
            self.data = importlib.import_module("data")
        self.cfg = self.train.Config(default_root_dir=str(folder / "runs"))

    def loader(self) -> Any:
        """A DataLoader as the script builds it."""
        return self.train.training_loader(self.data.Data(self.cfg.samples), self.cfg)[1]

    def hand_written(self) -> None:
        """The loop and nothing else."""
        model, loader = self.model(), self.loader()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for batch in loader:
            loss = model.training_step(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def lgen(self) -> None:
        """The emitted script, with a row every 50 steps and the bar."""
        self.train.main(self.cfg)

    def lightning(self) -> None:
        """Lightning with its defaults: it logs every 50 steps, and has a bar and checkpoints."""
        logger = CSVLogger(self.folder)
        trainer = pl.Trainer(accelerator="cpu", devices=1, max_epochs=1, logger=logger)
        trainer.fit(Module(self.model(), logs=True), self.loader())

    def lightning_barebones(self) -> None:
        """Lightning with all of that off."""
        trainer = pl.Trainer(accelerator="cpu", devices=1, max_epochs=1, barebones=True)
        trainer.fit(Module(self.model(), logs=False), self.loader())

    def accelerate(self) -> None:
        """The hand-written loop with accelerate's objects; it logs nothing."""
        accelerator = Accelerator(cpu=True)
        model = self.model()
        model, optimizer, loader = accelerator.prepare(
            model, torch.optim.SGD(model.parameters(), lr=0.01), self.loader()
        )
        for x, y in loader:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()


def ratios(hand: list[float], other: list[float]) -> list[float]:
    """Each block of the other by the mean of the hand-written blocks before and after it."""
    triples = zip(hand, other, hand[1:], strict=False)
    return [2 * block / (before + after) for before, block, after in triples][WARM_UP:]


def measure(blocks: int) -> list[tuple[str, float, float, float, float]]:
    """Name, microseconds of a hand-written step, and the quartiles of the ratio, by run."""
    torch.set_num_threads(1)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(Path(folder) / "project", blocks)
        for name, run in {
            "a second hand-written loop": runs.hand_written,
            "lgen, CSV every 50 steps and bar": runs.lgen,
            "Lightning 2.6.6, defaults": runs.lightning,
            "Lightning 2.6.6, barebones": runs.lightning_barebones,
            "accelerate 1.15": runs.accelerate,
        }.items():
            turns = Turns({"hand": runs.hand_written, name: run}, blocks + WARM_UP + 1)
            runs.data.Rows.end_block = turns.end_block
            terminal: Any = Terminal()
            with own_modules(runs.folder), redirect_stderr(terminal), redirect_stdout(terminal):
                seconds = turns.run()
            low, middle, high = statistics.quantiles(ratios(seconds["hand"], seconds[name]), n=4)
            step = statistics.median(seconds["hand"]) / STEPS * 1e6
            rows.append((name, step, low, middle, high))
    return rows


def processor() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="step time over that of a hand-written loop")
    parser.add_argument("--blocks", type=int, default=80, help=f"blocks of {STEPS} steps")
    blocks = parser.parse_args().blocks
    rows = measure(blocks)
    print(
        f"Linear 32-32-2, batch 8, SGD, one thread of {processor()}, Python "
        f"{platform.python_version()}, torch {torch.__version__}; {blocks} blocks of {STEPS} "
        "steps, each between two of the hand-written loop.\n"
    )
    print("| run | step time / hand-written | quartiles | hand-written step |")
    print("|---|---|---|---|")
    for name, step, low, middle, high in rows:
        print(f"| {name} | {middle:.3f} | {low:.3f} to {high:.3f} | {step:.0f} us |")


if __name__ == "__main__":
    main()
