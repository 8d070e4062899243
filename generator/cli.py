"""The command line; what a command does stands in commands/, imported when it is run."""

from __future__ import annotations

import gc
import shlex
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lgen import __version__
from lgen.cli_project import finish_interrupted, project_app
from lgen.output import USAGE, Settings, asked, fail, in_few_words, on_terminal, say

if TYPE_CHECKING:
    from lgen.commands.build import Build

app = typer.Typer(
    name="lgen",
    help="Writes plain PyTorch training projects from a short module spec.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run() -> None:
    """Runs the command line: exit 0 done, 1 conflict or drift, 2 usage, spec or disk."""
    gc.set_threshold(100_000)  # a short process has little to collect, and much to import
    if isinstance(sys.stdout, TextIOWrapper):
        # a name that the terminal cannot show is printed in escapes
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except OSError as error:
        file = f"{error.filename}: " if error.filename else ""
        print(f"lgen: {file}{error.strerror or error}", file=sys.stderr)
        sys.exit(USAGE)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Writes plain PyTorch training projects from a short module spec."""
    if version:
        say(f"lgen {__version__}")
        raise typer.Exit
    if context.invoked_subcommand != "check":  # which reports it, and changes nothing
        finish_interrupted()


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The folder to make.")],
    starter: Annotated[
        str, typer.Option(help="A built-in starter, a folder or a git address.")
    ] = "digits",
    settings: Settings = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="An answer to a question of the starter."),
    ] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing.")] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Let the starter run code of its own.")
    ] = False,
) -> None:
    """Make a new project."""
    from lgen.commands.new import new as make

    answers = dict(_pair(text) for text in answer or [])
    ask = not defaults and on_terminal()
    built = make(name, starter, settings or [], answers, ask=ask, trust=trust)
    if isinstance(built, list):
        fail(built)
    say(f"Made {name}: {_summary(built)}.", *_kept(built), *_next(built, name))


@app.command()
def init(
    settings: Settings = None,
    module: Annotated[
        str | None, typer.Option(metavar="FILE:CLASS", help="The nn.Module with its steps.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="FILE:CLASS", help="The class with the data sets.")
    ] = None,
) -> None:
    """Write the training script around a module and data that are already in this folder."""
    from lgen.commands.init import Classes, likely_classes, needs_classes
    from lgen.commands.init import init as make

    root = Path.cwd()
    if needs_classes(root) and on_terminal():
        likely = likely_classes(root)
        module = module or asked("The module's class", likely.module or "model.py:Net")
        data = data or asked("The data's class", likely.data or "data.py:Data")
    built = make(root, Classes(module, data), settings or [])
    if isinstance(built, list):
        fail(built)
    say(f"Wrote {_summary(built)}.", *_kept(built), *_next(built))


@app.command()
def options(
    name: Annotated[str | None, typer.Argument(help="One option, with its rules.")] = None,
) -> None:
    """List the options of lgen.yaml: name, type, default and what they do."""
    from lgen.commands.show import one_option, option_table

    text = option_table() if name is None else one_option(name)
    if not isinstance(text, str):
        fail([text])
    say(text)


@app.command()
def schema() -> None:
    """Print the JSON Schema of lgen.yaml."""
    from lgen.commands.show import schema_text

    say(schema_text())


app.add_typer(project_app)


def _pair(text: str) -> tuple[str, str]:
    """`name=value` as two texts."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise typer.BadParameter(f"write name=value, not {text!r}", param_hint="--answer")
    return name, value


def _summary(built: Build) -> str:
    """The generated files in a few words."""
    return in_few_words(path for path in built.files if not path.startswith(".lgen/"))


def _kept(built: Build) -> list[str]:
    """Which files of the user were left alone, and what belongs into them."""
    if not built.kept:
        return []
    lines = [f"Left as they are: {', '.join(built.kept)}."]
    if "pyproject.toml" in built.kept:
        lines.append("Add to the requirements in your pyproject.toml:")
        lines += [f"    {requirement}" for requirement in built.requirements]
        lines.append("and, for the tools that you use, that .lgen/ is left alone:")
        lines += ["    [tool.black]", "    extend-exclude = '^/\\.lgen/'"]
        lines += ["    [tool.ruff]", '    extend-exclude = [".lgen"]']
    return lines


def _next(built: Build, folder: str | None = None) -> list[str]:
    """The commands to go on with."""
    lines = ["", "Next:"]
    if folder is not None:
        # cd would take a name that begins with a dash for an option
        lines.append(f"    cd {shlex.quote(f'./{folder}' if folder[0] == '-' else folder)}")
    if "pyproject.toml" not in built.kept:
        lines.append("    pip install -e '.[test]'")
    start = "./launch.sh" if "launch.sh" in built.files else "python train.py"
    return [*lines, f"    {start}", "    python -m pytest"]
