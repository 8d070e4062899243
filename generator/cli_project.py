"""The commands that work on a project that is already there."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from lgen.output import DRIFT, USAGE, Settings, confirmed, fail, on_terminal, say

if TYPE_CHECKING:
    from lgen.commands.update import Refused, Updated

project_app = typer.Typer()


@project_app.command("set")
def set_options(
    settings: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="Options to set.")],
) -> None:
    """Change options of lgen.yaml, and merge what they change into the project."""
    from lgen.commands.update import update

    _end(update(Path.cwd(), settings))


@project_app.command()
def update(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Rebuild bases that git has merged.")
    ] = False,
) -> None:
    """Merge what lgen.yaml says now into the project."""
    from lgen.commands.update import update as bring_up_to_date

    _end(bring_up_to_date(Path.cwd(), rebuild=rebuild))


@project_app.command()
def diff(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Only these files and folders.")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="What you have changed.")] = False,
    settings: Settings = None,
) -> None:
    """Show what `lgen update` would change, or an option, or what you have changed."""
    from lgen.commands.diff import diff as made
    from lgen.commands.update import Refused

    if mine and settings:
        raise typer.BadParameter("it shows what you have changed; leave out --set")
    lines = made(Path.cwd(), settings or [], paths or [], mine=mine)
    if isinstance(lines, Refused):
        _refuse(lines)
    _show(lines)


@project_app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path("."),
    json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Say whether the project is in sync, for CI: exit 1 where it is not; edits are fine."""
    from lgen.commands.check import as_json, faults_as_json
    from lgen.commands.check import check as made
    from lgen.commands.update import Refused

    findings = made(folder)
    if isinstance(findings, Refused):
        if json:
            say(_dumped(faults_as_json(findings)))
            raise typer.Exit(USAGE)
        _refuse(findings)
    lines = [str(finding) for finding in findings] or ["in sync"]
    say(*([_dumped(as_json(findings))] if json else lines))
    if any(finding.is_drift for finding in findings):
        raise typer.Exit(DRIFT)


@project_app.command()
def explain(
    what: Annotated[str, typer.Argument(metavar="OPTION[=VALUE] | FILE:LINE")],
) -> None:
    """Show the code that an option brings, or the option that brought a line."""
    from lgen.commands.explain import explain as made
    from lgen.commands.update import Refused

    lines = made(Path.cwd(), what)
    if isinstance(lines, Refused):
        _refuse(lines)
    _show(lines)


@project_app.command()
def eject(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget the project: remove .lgen; everything else stays."""
    from lgen.commands.eject import eject as made
    from lgen.commands.eject import not_ejectable
    from lgen.spec.fault import Fault

    if fault := not_ejectable(Path.cwd()):
        fail([fault])
    if not yes:
        if not on_terminal():
            fail([Fault(".lgen", None, "eject removes it for good; confirm with --yes")])
        if not confirmed("Remove .lgen? lgen can then change this project no more."):
            raise typer.Exit(DRIFT)
    lines = made(Path.cwd())
    if isinstance(lines, Fault):
        fail([lines])
    say(*lines)


def finish_interrupted() -> None:
    """Finishes or takes back an update that a process left half done in this folder."""
    from lgen.journal import interrupted, recover

    root = Path.cwd()
    if interrupted(root):
        for line in recover(root):
            print(f"lgen: {line}", file=sys.stderr)


def _end(done: Updated | Refused) -> None:
    """Prints what an update did or why it did nothing; exit 1 where conflicts are left."""
    from lgen.commands.update import Refused

    if isinstance(done, Refused):
        _refuse(done)
    say(*done.lines)
    if done.conflicts:
        raise typer.Exit(DRIFT)


def _refuse(refused: Refused) -> NoReturn:
    """Prints why nothing was done: exit 1 where it is conflicts alone."""
    fail(refused.faults, DRIFT if refused.marked else USAGE)


def _show(lines: list[str]) -> None:
    """Prints a diff, in colours on a terminal."""
    from lgen.text_diff import coloured

    colours = sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    if lines:
        say(*(coloured(lines) if colours else lines))


def _dumped(value: object) -> str:
    from json import dumps

    return dumps(value, indent=2)
