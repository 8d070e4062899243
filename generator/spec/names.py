"""Checks on strings of a spec that become identifiers, paths or file names."""

from __future__ import annotations

import keyword
import re
import string
import sys
from collections.abc import Container

# what lgen writes at the top of a project: a module of the same name would be shadowed
GENERATED = ("runtime", "tests", "train")
# what the generated files and pip and pytest import, and what these import in turn
LIBRARIES = frozenset("""
    PIL _distutils_hack _pytest absl colorama docstring_parser exceptiongroup filelock fsspec
    functorch google grpc iniconfig jinja2 lgen markdown markupsafe mpmath networkx numpy nvidia
    packaging pip pkg_resources pluggy psutil py pygments pynvml pytest setuptools sympy
    tensorboard tensorboard_data_server tomli torch torchgen tqdm triton typeguard
    typing_extensions tyro werkzeug wheel
    """.split())
_TOOLS_READ = {"setup.py": "pip", "conftest.py": "pytest"}
# what a checkpoint's file name knows beside the metrics
COUNTERS = ("epoch", "step")
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
    if parts[0] in sys.stdlib_module_names or parts[0] in LIBRARIES:
        return f"{parts[0]!r} would hide the library of that name; give the file another name"
    if file in _TOOLS_READ:
        return f"{_TOOLS_READ[file]} runs {file}; give the file another name"
    if not is_name(name):
        return f"{name!r} is no class name"
    return None


def import_path_fault(path: str, known: Container[str]) -> str | None:
    """What keeps a dotted path, such as timm.optim.Lamb, from naming a class to import, or None.

    `known` are the classes of torch.optim, which go by their name alone.
    """
    if ":" in path or "/" in path:
        return "write the path with dots, as in an import, such as my_optim.Lion"
    module, _, name = path.rpartition(".")
    bad = next((part for part in path.split(".") if not is_name(part)), None)
    if bad is not None:
        return f"{bad!r} in {path!r} is no Python name; write a path such as my_optim.Lion"
    if module == "torch.optim":
        return f"it is torch's own; write {name}" if name in known else f"torch has no {name}"
    top = module.partition(".")[0]
    if top in GENERATED:
        return f"{top!r} is a name that lgen writes itself; write the path of a class elsewhere"
    if top in sys.stdlib_module_names:
        return f"{top!r} is a module of Python and has no optimizer; write a package's path"
    return None


def filename_fault(filename: str) -> str | None:
    """What keeps `filename` from naming checkpoint files, or None."""
    if not filename or "/" in filename or "\\" in filename or "\0" in filename:
        return "a checkpoint's file name is not empty and holds no path separator"
    if len(filename.encode()) > 150:
        return "a checkpoint's file name has 150 bytes at most, and values are put into it"
    if filename in ("last", "previous"):
        return f"{filename}.ckpt is not ranked; name a ranked file otherwise, such as best"
    if "{{" in filename or "}}" in filename:
        return "braces are only for metrics, such as {epoch} or {val_loss:.2f}"
    try:
        parts = list(string.Formatter().parse(filename))
    except ValueError:
        return "a brace is not closed; write metrics as {epoch} or {val_loss:.2f}"
    for _, field, form, conversion in parts:
        if field is None:
            continue
        if not _METRIC.fullmatch(field) or conversion is not None:
            wrong = field if conversion is None else f"{field}!{conversion}"
            return (
                f"{{{wrong}}} is no metric; write {{epoch}}, {{step}} or a name such as "
                "{val_loss:.2f}"
            )
        if form and not _is_number_format(form, 1 if field in COUNTERS else 1.0):
            example = f"{{{field}:03d}}" if field in COUNTERS else f"{{{field}:.2f}}"
            return f"{form[:40]!r} is no format of {field}, a number; write {example}"
    return None


def filename_metrics(filename: str) -> list[str]:
    """The names that a checkpoint's file name is filled with."""
    return [field for _, field, _, _ in string.Formatter().parse(filename) if field is not None]


def _is_number_format(form: str, number: float) -> bool:
    """Whether a number can be written so, in a hundred characters or less."""
    if re.search(r"\d{3}", form):
        return False
    try:
        return format(number, form).isprintable()
    except ValueError:
        return False


def name_fault(text: str) -> str | None:
    """What keeps `text` from being a name in Python code, or None."""
    if is_name(text):
        return None
    return f"{text!r} is no Python name; use letters, digits and _ only, and no keyword"
