"""Checks on strings of a spec that become identifiers, paths or file names."""

from __future__ import annotations

import keyword
import re
import string
import sys

# what lgen writes at the top of a project: a module of the same name would be shadowed
GENERATED = ("runtime", "tests", "train")
_METRIC = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_name(text: str) -> bool:
    """Whether the text can stand in Python code as a name (ASCII only)."""
    return text.isascii() and text.isidentifier() and not keyword.iskeyword(text)


def class_path_fault(path: str) -> str | None:
    """What keeps `path` from naming a class of the project, or None.

    A class path is a file below the project's folder and a class in it: nets/model.py:Classifier.
    """
    file, colon, name = path.partition(":")
    if not colon or not file.endswith(".py"):
        return "write the file and the class in it, such as model.py:Classifier"
    parts = file.removesuffix(".py").split("/")
    bad = next((part for part in parts if not is_name(part)), None)
    if bad is not None:
        return (
            f"{file!r} cannot be imported: {bad!r} is no Python name; use a path below the "
            "project's folder whose parts are names, such as nets/model.py"
        )
    if parts[0] in GENERATED:
        return f"{parts[0]!r} is a name that lgen writes itself; give the file another name"
    if parts[0] in sys.stdlib_module_names or parts[0] == "torch":
        return f"{parts[0]!r} would hide the library of that name; give the file another name"
    if not is_name(name):
        return f"{name!r} is no class name"
    return None


def filename_fault(filename: str) -> str | None:
    """What keeps `filename` from naming checkpoint files, or None."""
    if not filename or "/" in filename or "\\" in filename or "\0" in filename:
        return "a checkpoint's file name is not empty and holds no path separator"
    if "{{" in filename or "}}" in filename:
        return "braces are only for metrics, such as {epoch} or {val_loss:.2f}"
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(filename)]
    except ValueError:
        return "a brace is not closed; write metrics as {epoch} or {val_loss:.2f}"
    bad = next((f for f in fields if f is not None and not _METRIC.fullmatch(f)), None)
    if bad is not None:
        return (
            f"{{{bad}}} is no metric; write {{epoch}}, {{step}} or a name such as {{val_loss:.2f}}"
        )
    return None


def name_fault(text: str) -> str | None:
    """What keeps `text` from being a name in Python code, or None."""
    if is_name(text):
        return None
    return f"{text!r} is no Python name; use letters, digits and _ only, and no keyword"
