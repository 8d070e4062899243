"""Reading lgen.yaml and options of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from stat import S_ISREG
from typing import Any

from lgen.spec.allowed import takes_text_alone
from lgen.spec.document import MAX_BYTES, Document, decode, parse, parse_value
from lgen.spec.edit import set_option
from lgen.spec.fault import Fault, setting_text
from lgen.spec.hints import can_be_written, meant
from lgen.spec.options import Spec
from lgen.spec.validate import validate

__all__ = [
    "NAME",
    "from_options",
    "load",
    "loads",
    "read_document",
    "read_text",
    "set_option",
    "sort_faults",
]

NAME = "lgen.yaml"


def read_text(path: Path) -> str | Fault:
    """The text of a spec file."""
    try:
        if not S_ISREG(path.stat().st_mode):
            return Fault(path.name, None, "it is no regular file; put the spec in its place")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Fault(path.name, None, "there is no spec here; `lgen new NAME` makes a project")
    except OSError as error:
        return Fault(path.name, None, f"the spec cannot be read: {error.strerror}")
    return decode(data, path.name)


def read_document(text: str, file: str = NAME) -> Document | list[Fault]:
    """The text as a document with lines, or all that is wrong with its YAML."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return [Fault(file, None, "the file is over 1 MB; a spec is a page of text")]
    return parse(text, file)


def loads(text: str, file: str = NAME) -> Spec | list[Fault]:
    """The text as a Spec, or every fault that can be seen in it alone."""
    document = read_document(text, file)
    if isinstance(document, list):
        return document
    spec, faults = validate(document)
    return spec if spec is not None and not faults else sort_faults(faults)


def load(path: Path) -> Spec | list[Fault]:
    """The file as a Spec, or every fault that can be seen in it alone."""
    text = read_text(path)
    return [text] if isinstance(text, Fault) else loads(text, path.name)


def sort_faults(faults: list[Fault]) -> list[Fault]:
    """The faults by file and line, those of a whole file first."""
    return sorted(dict.fromkeys(faults), key=lambda f: (f.file, f.line or 0))


def from_options(options: Mapping[str, str]) -> dict[str, Any] | list[Fault]:
    """By dotted key, the values of `--set key=value` as YAML reads them, or all faults."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, text in options.items():
        path = tuple(key.split("."))
        place = setting_text(f"{key}={text}")
        if not can_be_written(path):
            hint = meant(path) or "; lgen options lists them"
            faults.append(Fault(place, None, f"there is no option {key}{hint}"))
            continue
        value = parse_value(text, place)
        if not isinstance(value, str) and text.startswith("{") and takes_text_alone(path):
            value = text  # a pattern such as {epoch}-{step}
        if isinstance(value, Fault):
            faults.append(Fault(place, None, value.message))
        else:
            values[key] = value
    return faults or values
