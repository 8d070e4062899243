"""A run is trained by one process at a time."""

import subprocess
import sys

import pytest

from runtime.run_lock import lock_run

HOLD = """\
import sys
from pathlib import Path
from runtime.run_lock import lock_run
lock_run(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_is_refused_until_the_first_has_ended(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(SystemExit, match="another process trains the run"):
        lock_run(tmp_path)
    holder.kill()
    holder.communicate(timeout=60)
    lock_run(tmp_path)
    lock_run(tmp_path)  # once more by the same process
