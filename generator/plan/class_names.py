"""Decides what the user's classes are called in the generated files."""

from __future__ import annotations

import builtins
import re
import tokenize
from collections.abc import Set
from functools import cache
from importlib import resources
from io import StringIO

from lgen.plan.decisions import Decisions, merge
from lgen.plan.optimizer_class import optimizer_class
from lgen.spec.options import Spec

_FOLDERS = ("project", "project/events", "project/steps", "project/tests")


def class_names(spec: Spec, own_modules: Set[str] = frozenset()) -> Decisions:
    """Each class by its own name, or imported under another where a generated file uses that name.

    The name depends on the classes alone, so that no other option changes it. `own_modules` are
    the top-level names of the project's own modules.
    """
    module, data = spec.module.class_name, spec.data.class_name
    model_name = module
    while _is_taken(model_name):
        model_name = _prefixed("User", model_name)
    data_name = data
    while _is_taken(data_name) or data_name == model_name:
        data_name = _prefixed("Data" if data in (module, model_name) else "User", data_name)
    optimizer = spec.optimizer
    name = optimizer.class_name if optimizer and optimizer.module else "torch"
    local = name
    while _is_taken(local) or local in (model_name, data_name):
        local = _prefixed("User", local)
    imported = _imported(name, local)
    classes = {
        "MODEL_CLASS": _imported(module, model_name),
        "DATA_CLASS": _imported(data, data_name),
    }
    for key, path in (("MODEL_CLASS", spec.module), ("DATA_CLASS", spec.data)):
        if optimizer and optimizer.module == path.import_name:
            classes[key] = ", ".join(sorted([classes[key], imported]))
            break
    return merge(
        [
            Decisions(
                names={
                    "UserModel": model_name,
                    "UserData": data_name,
                    "TRAIN_NAMES": ", ".join(sorted(("Config", "main", data_name), key=_by_kind)),
                    **classes,
                },
                values={"data_name": data_name},
            ),
            optimizer_class(spec, imported, local, own_modules),
        ]
    )


def _by_kind(name: str) -> tuple[int, str]:
    """Where ruff and isort put a name among others: constants, classes, then functions."""
    constant = name.isupper() and len(name) > 1
    return (0 if constant else 1 if name[0].isupper() else 2, name.lower())


def _imported(name: str, local: str) -> str:
    """What stands behind `import`."""
    return name if local == name else f"{name} as {local}"


def _prefixed(prefix: str, name: str) -> str:
    """The name with a prefix, as in UserConfig for Config and for config."""
    return f"{prefix}{name[:1].upper()}{name[1:]}"


def _is_taken(name: str) -> bool:
    """Whether a generated file uses the name for something else."""
    if hasattr(builtins, name):
        return True
    # reading a text is quicker than cutting it into tokens
    word = re.compile(rf"\b{name}\b")
    return any(word.search(text) and name in _names(text) for text in _templates())


@cache
def _templates() -> tuple[str, ...]:
    """The texts of all templates of Python files."""
    root = resources.files("lgen.templates")
    files = [file for folder in _FOLDERS for file in root.joinpath(folder).iterdir()]
    return tuple(file.read_text(encoding="utf-8") for file in files if file.name.endswith(".py"))


@cache
def _names(text: str) -> frozenset[str]:
    """The names in a template without those that stand for the user's classes."""
    return frozenset(
        token.string
        for token in tokenize.generate_tokens(StringIO(text).readline)
        if token.type == tokenize.NAME and token.string not in ("UserModel", "UserData")
    )
