"""Measures the start of scripts and commands: python tests/benchmarks/start_up.py"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.projects import DATA, MODEL, make_project  # noqa: E402

LGEN = [sys.executable, "-m", "lgen"]
# the user's own imports come with torch, so that they are left out
IMPORTS = "import torch, torch.nn.functional, torch.utils.data"
# torch imports its compiler when a process makes its first optimizer
OPTIMIZER = f"{IMPORTS}; torch.optim.Adam([torch.nn.Parameter(torch.ones(()))])"
NOTE = "; import time; print('first step', time.time())"
NOTE_FIRST_STEP = """
    def on_before_zero_grad(self) -> None:
        import os, time
        print("first step", time.time())
        os._exit(0)
"""


def seconds(command: list[str], folder: Path) -> float:
    """The time of a whole process."""
    started = time.time()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.time() - started


def seconds_to_first_step(command: list[str], folder: Path) -> float:
    """The time from the start of Python to the line that notes the first step."""
    started = time.time()
    command = [sys.executable, "-u", *command]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    noted = [line.split()[-1] for line in done.stdout.splitlines() if "first step" in line]
    if not noted:
        raise SystemExit(f"{' '.join(command)} made no step:\n{done.stdout}{done.stderr}")
    return float(noted[0]) - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="times of whole processes")
    parser.add_argument("--times", type=int, default=11, help="runs of each, of which the median")
    times = parser.parse_args().times
    os.environ["OMP_NUM_THREADS"] = "1"
    rows: dict[str, float] = {}

    def row(name: str, values: list[float]) -> None:
        rows[name] = statistics.median(values)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = MODEL.replace(
            "    def forward(self, x: Tensor) -> Tensor:\n        return self.leave",
            NOTE_FIRST_STEP.lstrip("\n")
            + "\n    def forward(self, x: Tensor) -> Tensor:\n        return self.leave",
        )
        project = make_project(folder / "project", {}, model, DATA)
        # in turn, so that whatever else the machine does meets both
        steps, imports, optimizers = [], [], []
        for _ in range(times):
            imports.append(seconds_to_first_step(["-c", IMPORTS + NOTE], folder))
            optimizers.append(seconds_to_first_step(["-c", OPTIMIZER + NOTE], folder))
            steps.append(seconds_to_first_step(["train.py"], project))
        row(
            "train.py to its first step, less `import torch`",
            [a - b for a, b in zip(steps, imports, strict=True)],
        )
        row(
            "the same, less `import torch` and an optimizer, which imports torch's compiler",
            [a - b for a, b in zip(steps, optimizers, strict=True)],
        )
        row(
            "lgen new",
            [seconds([*LGEN, "new", f"new{i}", "--defaults"], folder) for i in range(times)],
        )
        row("lgen options", [seconds([*LGEN, "options"], folder) for _ in range(times)])
        row("lgen --help", [seconds([*LGEN, "--help"], folder) for _ in range(times)])
    print("| what | median of whole processes, seconds |")
    print("|---|---|")
    for what, value in rows.items():
        print(f"| {what} | {value:.2f} |")


if __name__ == "__main__":
    main()
