"""The benchmarks run; what they measure is not judged here, for a test machine is never quiet."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.runtime_times import times

FOLDER = Path(__file__).parent


def table(script, *arguments):
    """The first two columns of the table that a benchmark prints."""
    command = [sys.executable, FOLDER / script, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, env=environment)
    assert done.returncode == 0, done.stderr
    return re.findall(r"^\| ([^|]+) \| ([\d.]+)", done.stdout, re.MULTILINE)


def test_step_overhead():
    rows = table("step_overhead.py", "--blocks", "2")
    assert len(rows) == 11
    assert all(float(ratio) > 0 for _, ratio in rows)


def test_runtime_times():
    assert len(times()) == 3


def test_gpt_tokens():
    command = [sys.executable, "-m", "tests.benchmarks.gpt_tokens", "--blocks", "2", "--steps", "1"]
    small = ["--width", "32", "--layers", "1", "--batch", "4"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, *small],
        cwd=FOLDER.parents[1],
        capture_output=True,
        text=True,
        timeout=900,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    (share,) = re.findall(r"^\| lgen \| \d+ \| ([\d.]+)", done.stdout, re.MULTILINE)
    assert float(share) > 0
