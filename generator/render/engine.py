"""From a template and a context to text."""

import ast
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template
from jinja2.exceptions import TemplateError, TemplateNotFound

from lgen.render.compiled import compiled_template
from lgen.render.errors import RenderError
from lgen.render.format import format_python
from lgen.render.imports import without_unused_imports
from lgen.render.layout import Line, Origin, lay_out
from lgen.render.markers import Markers, Sheet
from lgen.render.origins import formatted_origins
from lgen.render.pieces import format_emitted
from lgen.render.values import FILTERS


@dataclass(frozen=True)
class Rendered:
    """An emitted file: its text, and the lines that it had before formatting."""

    text: str
    lines: list[Line] = field(repr=False)
    formatted: bool = field(repr=False)

    @cached_property
    def origins(self) -> list[tuple[Origin, ...]]:
        """By line of the text, counted from 0, the template lines that it stems from.

        There are several where the formatter joined lines, and none for a blank line.
        """
        if self.formatted:
            return formatted_origins(self.lines, self.text)
        return [(line.origin,) if line.text.strip() else () for line in self.lines]


class _Loader(BaseLoader):
    """Loads templates from a folder and notes the names that each of them uses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, dict[str, int]] = {}  # template -> name -> line
        self.loop_names: set[str] = set()

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,
    ) -> Template:
        path = self.folder.joinpath(name)
        if not path.is_file():
            raise TemplateNotFound(name, f"there is no template {name}")
        compiled = compiled_template(environment, name, path.read_text(encoding="utf-8"))
        self.names[name] = compiled.names
        self.loop_names |= compiled.loop_names
        environment.sheets[name] = compiled.sheet  # type: ignore[attr-defined]
        return environment.template_class.from_code(environment, compiled.code, globals or {}, None)


@lru_cache(maxsize=8)
def _environment(folder: Path | None, placeholders: frozenset[str]) -> tuple[Environment, _Loader]:
    loader = _Loader(folder or Path(str(resources.files("lgen.templates"))))
    environment = Environment(
        block_start_string="\x02%",
        block_end_string="%\x03",
        variable_start_string="\x02{",
        variable_end_string="}\x03",
        comment_start_string="\x02#",
        comment_end_string="#\x03",
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        extensions=[Markers],
        loader=loader,
    )
    environment.filters.update(FILTERS)
    environment.placeholder_names = placeholders  # type: ignore[attr-defined]
    return environment, loader


def render(
    template: str,
    context: Mapping[str, object],
    folder: Path | None = None,
    format: bool = True,
) -> Rendered:
    """The text of `template` for this context, as black formats it if it is Python.

    Templates come from `folder`, by default from the package's own; a template that was read is
    kept for the process. Raises RenderError, which names template and line.
    """
    placeholders = context.get("placeholders", {})
    assert isinstance(placeholders, Mapping)
    environment, loader = _environment(folder, frozenset(placeholders))
    sheets: dict[str, Sheet] = environment.sheets  # type: ignore[attr-defined]
    try:
        compiled = environment.get_template(template)
        _check_names(loader, template, context)
        rendered = compiled.render(context)
    except (TemplateError, ValueError, TypeError) as error:
        raise RenderError(f"{_place(error, loader, template)}: {error}") from error
    lines = lay_out(rendered, sheets)
    for name in {line.origin.template for line in lines}:
        _check_names(loader, name, context)
    is_python = template.endswith(".py")
    if is_python:
        tree = _parse(lines)
        kept = without_unused_imports([line.text for line in lines], tree)
        lines = [Line(text, lines[number - 1].origin) for number, text in kept]
    text = "".join(line.text + "\n" for line in lines)
    formatted = is_python and format
    if formatted:
        text = format_emitted(text) if folder is None else format_python(text)
    return Rendered(text, lines, formatted)


def _check_names(loader: _Loader, template: str, context: Mapping[str, object]) -> None:
    """Raises RenderError for a misspelt name, in a branch that is not taken too."""
    for name, line in loader.names[template].items():
        if name not in context and name not in loader.loop_names:
            raise RenderError(f"{template}:{line}: {name!r} is not in the context")


def _place(error: Exception, loader: _Loader, template: str) -> str:
    """Template and line of an error, which Jinja puts into the traceback."""
    line = getattr(error, "lineno", None)
    if line is not None:
        return f"{getattr(error, 'name', None) or template}:{line}"
    place = f"{template}:1"
    traceback = sys.exc_info()[2] if error is sys.exc_info()[1] else error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename in loader.names:
            place = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _parse(lines: list[Line]) -> ast.Module:
    try:
        return ast.parse("".join(line.text + "\n" for line in lines))
    except SyntaxError as error:
        message = error.msg
        number = error.lineno or 1
        if "expected an indented block" in message:
            # "... after 'with' statement on line 12": the template's line is the one of use
            number = int(message.rpartition(" ")[2])
            message = "the selection empties the body of this statement"
        origin = lines[min(number, len(lines)) - 1].origin
        raise RenderError(f"{origin.template}:{origin.line}: {message}") from None
