"""Runs lgen in a child process that is killed, or whose disk is full, at the n-th change."""

import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from errno import ENOSPC
from pathlib import Path
from typing import Any

from lgen.cli import run

_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.chmod", "os.link", "os.truncate")


def killed_at(number: int, root: Path, *arguments: str) -> bool:
    """Run a command line in `root` and kill it before the n-th change; whether it was killed.

    Opening a file to write is a change, and so is writing bytes, of which half are written.
    """
    status = _status(number, root, arguments, lambda: os.kill(os.getpid(), signal.SIGKILL))
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def failed_at(number: int, root: Path, *arguments: str) -> int:
    """Run a command line in `root` where the n-th change fails as on a full disk; its exit code."""

    def fail() -> None:
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    return os.waitstatus_to_exitcode(_status(number, root, arguments, fail))


def _status(number: int, root: Path, arguments: tuple[str, ...], do: Callable[[], None]) -> int:
    """How a child process ended that did so before the n-th change."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.chdir(root)
            sys.argv = ["lgen", *arguments]
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                _at(number, do)
                run()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def _at(number: int, do: Callable[[], None]) -> None:
    """Count every change of a file, and do this before the n-th."""
    left = [number]

    def is_due() -> bool:
        left[0] -= 1
        return left[0] == 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if _changes(event, arguments) and is_due():
            do()

    write: Callable[[int, Any], int] = os.write

    def half(descriptor: int, data: Any) -> int:
        if is_due():
            write(descriptor, bytes(data)[: len(data) // 2])
            do()
        return write(descriptor, data)

    os.write = half
    sys.addaudithook(hook)


def _changes(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether an event of Python's audit changes the disk."""
    if event == "open":
        return arguments[0] != os.devnull and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
    if event == "os.mkdir":
        return not os.path.isdir(arguments[0])
    return event in _CHANGES
