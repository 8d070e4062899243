"""What the command line prints, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from lgen.spec.fault import Fault

DRIFT = 1
USAGE = 2
INTERRUPTED = 130

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="An option of the spec; may be repeated."),
]


def say(*lines: str) -> None:
    """Prints lines; a reader that has gone away has what it wanted."""
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        # Python flushes once more when it ends, and would complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(faults: Iterable[Fault], code: int = USAGE) -> NoReturn:
    """Prints what is wrong and ends the process; nothing else prints faults."""
    for fault in faults:
        print(fault, file=sys.stderr)
    raise typer.Exit(code)


def asked(question: str, default: str) -> str:
    """The answer of the user; Ctrl-C and Ctrl-D end the process, which has done nothing yet."""
    try:
        return str(typer.prompt(question, default))
    except typer.Abort:
        raise typer.Exit(INTERRUPTED) from None


def confirmed(question: str) -> bool:
    """Whether the user says yes; Ctrl-C and Ctrl-D end the process, which has done nothing yet."""
    try:
        return bool(typer.confirm(question))
    except typer.Abort:
        raise typer.Exit(INTERRUPTED) from None


def on_terminal() -> bool:
    """Whether someone is there to answer; a stream that was closed is None."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def in_few_words(paths: Iterable[str]) -> str:
    """Generated files by name, those of runtime/ as their number."""
    paths = list(paths)
    names = [path for path in paths if not path.startswith("runtime/")]
    modules = len(paths) - len(names)
    files = "1 file" if modules == 1 else f"{modules} files"
    return ", ".join([*names, f"runtime/ ({files})"] if modules else names)
