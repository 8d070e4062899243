"""Keeps two processes from training the same run at once."""

from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

HELD: list[BinaryIO] = []  # until the process ends


def lock_run(run_folder: Path) -> None:
    """End the program if another process trains the run; the lock ends with the process."""
    if fcntl is None:
        return
    file = (run_folder / ".lock").open("wb")
    HELD.append(file)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"another process trains the run {run_folder}") from None
    except OSError:
        pass  # a file system without locks
