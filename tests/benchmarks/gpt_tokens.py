"""Measures the gpt project beside a hand-written loop in nanoGPT's manner, in tokens per second.

python -m tests.benchmarks.gpt_tokens [--accelerator cuda] [--compile]

The emitted script and the loop of tests/support/gpt_by_hand.py take turns (turns.py), with the
same model, text and order. The script logs, counts tokens and tests for NaN; the other does not.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from tests.benchmarks.turns import WARM_UP, Terminal, Turns, processor, ratios
from tests.parity.beside import own_modules
from tests.support import gpt_by_hand as by_hand


class Blocks:
    """Ends a block of steps from within the data, when the device has done what it was given."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.turns: Turns

    def counted(self, batches: Iterator[Any]) -> Iterator[Any]:
        """The batches, with a block's end before each so many."""
        for number, batch in enumerate(batches):
            self.before(number)
            yield batch

    def before(self, number: int) -> None:
        """What happens before the batch of this number is fetched."""
        if number % self.steps == 0:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.turns.end_block()


class Counted(Dataset[Any]):
    """The script's training data, which ends blocks."""

    def __init__(self, dataset: Any, blocks: Blocks) -> None:
        self.dataset = dataset
        self.blocks = blocks
        self.batches = 0

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, indices: list[int]) -> list[Any]:
        self.blocks.before(self.batches)
        self.batches += 1
        return [self.dataset[index] for index in indices]


def project(folder: Path, settings: list[str]) -> Path:
    """The gpt project with these settings."""
    sets = [word for setting in settings for word in ("--set", setting)]
    command = [sys.executable, "-m", "lgen", "new", "gpt", "--starter", "gpt", "--defaults", *sets]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "gpt"


def measure(
    *, accelerator: str, compiled: bool, size: dict[str, int], steps: int, blocks: int, clock: Any
) -> tuple[float, list[float]]:
    """Tokens per second of the hand-written loop, and the script's share of them by block."""
    device = torch.device(accelerator)
    by_hand.BATCH_SIZE, by_hand.BLOCK_SIZE = size["batch"], size["block"]
    number = steps * (blocks + WARM_UP + 4)
    model_size = {key: size[key] for key in ("layers", "heads", "width")}
    model_size["context"] = size["block"]
    settings = [
        f"accelerator={accelerator}",
        f"batch_size={size['batch']}",
        f"module.args={model_size}".replace("'", ""),
        f"data.args={{block_size: {size['block']}}}",
        f"max_steps={number}",
        f"val_check_interval={number}",
        "num_sanity_val_steps=0",
    ]
    if compiled:
        settings.append("compile=true")
    counter = Blocks(steps)
    with tempfile.TemporaryDirectory() as name:
        folder = project(Path(name), settings)
        with own_modules(folder):
            train, data, gpt = (importlib.import_module(m) for m in ("train", "data", "model"))
            original = data.Reference.train_dataset
            data.Reference.train_dataset = lambda self: Counted(original(self), counter)

            def script() -> None:
                train.main(train.Config(default_root_dir=str(folder / "runs")))

            def hand_written() -> None:
                model = gpt.GPT(**model_size).to(device)
                if compiled:
                    model.compile()
                tokens = by_hand.text()
                source = by_hand.batches(tokens[: len(tokens) * 9 // 10], device, seed=0)

                def log(step: int, loss: torch.Tensor) -> None:
                    if step % by_hand.LOG_INTERVAL == 0:
                        print(f"iter {step}: loss {loss.item():.4f}")  # waits for the device

                def lr(step: int) -> float:
                    return by_hand.get_lr(step, number)

                by_hand.train(model, counter.counted(source), lr, number, log)

            runs: dict[str, Callable[[], Any]] = {"hand": hand_written, "lgen": script}
            counter.turns = Turns(runs, blocks + WARM_UP + 1, clock)
            terminal: Any = Terminal()
            with redirect_stderr(terminal), redirect_stdout(terminal):
                seconds = counter.turns.run()
    per_block = steps * size["batch"] * size["block"]
    shares = [1 / ratio for ratio in ratios(seconds["hand"], seconds["lgen"])]
    return per_block / statistics.median(seconds["hand"][WARM_UP:]), shares


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="tokens per second beside a hand-written loop")
    parser.add_argument("--accelerator", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--steps", type=int, default=10, help="steps in a block")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--block", type=int, default=64, help="tokens in a window")
    parser.add_argument("--batch", type=int, default=16, help="windows in a batch")
    parser.add_argument(
        "--processor-time", action="store_true", help="on a machine that has other things to do"
    )
    given = parser.parse_args()
    torch.set_num_threads(1)
    size = {key: getattr(given, key) for key in ("layers", "heads", "width", "block", "batch")}
    speed, shares = measure(
        accelerator=given.accelerator,
        compiled=given.compile,
        size=size,
        steps=given.steps,
        blocks=given.blocks,
        clock=time.process_time if given.processor_time else time.perf_counter,
    )
    low, middle, high = statistics.quantiles(shares)
    where = torch.cuda.get_device_name() if given.accelerator == "cuda" else processor()
    how = ", compiled" if given.compile else ""
    print(f"{size}, bf16-mixed{how}, {where}, torch {torch.__version__}\n")
    print("| run | tokens/s | share | quartiles |\n|---|---|---|---|")
    print(f"| hand-written | {speed:.0f} | 1.000 | |")
    print(f"| lgen | {speed * middle:.0f} | {middle:.3f} | {low:.3f} to {high:.3f} |")


if __name__ == "__main__":
    main()
