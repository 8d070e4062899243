"""Measures a training step beside a hand-written loop: python tests/benchmarks/step_overhead.py

The hand-written loop and another run take turns (turns.py). Each block is compared with the mean
of the hand-written blocks before and after it.
"""

from __future__ import annotations

import argparse
import logging
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from tests.benchmarks.overhead_runs import STEPS, Adversaries, Averaged, Plain  # noqa: E402
from tests.benchmarks.turns import WARM_UP, Terminal, Turns, processor, ratios  # noqa: E402


def measure(
    blocks: int, clock: Callable[[], float], only: str
) -> list[tuple[str, float, float, float, float]]:
    """Name, microseconds of a hand-written step, and the quartiles of the ratio, by run."""
    torch.set_num_threads(1)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    samples = 8 * STEPS * (blocks + WARM_UP + 3)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in (Plain, Averaged, Adversaries):
            compared = kind(Path(folder), samples)
            for name, run in compared.runs().items():
                if only not in name:
                    continue
                pair = {"hand": compared.hand_written, name: run}
                turns = Turns(pair, blocks + WARM_UP + 1, clock)
                for project in compared.projects:
                    project.data.Rows.end_block = turns.end_block
                terminal: Any = Terminal()
                with redirect_stderr(terminal), redirect_stdout(terminal):
                    seconds = turns.run()
                low, middle, high = statistics.quantiles(ratios(seconds["hand"], seconds[name]))
                step = statistics.median(seconds["hand"]) / STEPS * 1e6
                rows.append((name, step, low, middle, high))
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="step time over that of a hand-written loop")
    parser.add_argument("--blocks", type=int, default=80, help=f"blocks of {STEPS} steps")
    parser.add_argument("--only", default="", help="runs with this in their names")
    parser.add_argument(
        "--processor-time", action="store_true", help="on a machine that has other things to do"
    )
    arguments = parser.parse_args()
    blocks = arguments.blocks
    clock = time.process_time if arguments.processor_time else time.perf_counter
    rows = measure(blocks, clock, arguments.only)
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
