"""How long the commands take as whole processes: medians on a digits project with an edit.

Python keeps its compiled modules, as it does for any installed package.

python -m tests.benchmarks.command_times
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMPILED = Path(tempfile.gettempdir()) / "lgen-command-times"
STEP = "            optimizer.step()\n"
COMMANDS = {
    "check, in sync": ["check"],
    "diff, nothing to do": ["diff"],
    "diff --mine": ["diff", "--mine"],
    "diff --set strategy=ddp": ["diff", "--set", "strategy=ddp"],
    "update, nothing to do": ["update"],
}


def lgen(folder: Path, *arguments: str) -> float:
    """The seconds that a command takes in the folder; it must succeed."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(COMPILED)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "lgen", *arguments]
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True, env=environment)
    return time.perf_counter() - start


def project(folder: Path) -> Path:
    """The digits project with a line of the user's."""
    lgen(folder, "new", "digits", "--defaults")
    train = folder / "digits/train.py"
    train.write_text(train.read_text().replace(STEP, STEP + '            print("mine")\n'))
    return folder / "digits"


def medians(rounds: int) -> dict[str, float]:
    """By command, the median of its seconds; updates go from one strategy to the other and back."""
    with tempfile.TemporaryDirectory() as name:
        folder = project(Path(name))
        lgen(folder, "set", "strategy=ddp")
        lgen(folder, "set", "strategy=single")
        found = {
            what: statistics.median(lgen(folder, *arguments) for _ in range(rounds))
            for what, arguments in COMMANDS.items()
        }
        spec = folder / "lgen.yaml"
        updates: list[float] = []
        for number in range(2 * rounds):
            old, new = ("single", "ddp") if number % 2 == 0 else ("ddp", "single")
            spec.write_text(spec.read_text().replace(f"strategy: {old}", f"strategy: {new}"))
            updates.append(lgen(folder, "update"))
        return found | {"update, strategy changed": statistics.median(updates)}


def main() -> None:
    """Print the medians as a table."""
    print("| command | median |\n|---|---|")
    for what, seconds in medians(9).items():
        print(f"| {what} | {seconds:.2f} s |")


if __name__ == "__main__":
    main()
