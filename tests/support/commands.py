"""Commands that are run in a folder."""

import os
import subprocess
from pathlib import Path


def run(command: list[str], folder: Path, seconds: int) -> str:
    """What a command prints in the folder; it must succeed in time."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
