"""`lgen init`: a training script around a module and data that are already there."""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lgen.commands.build import Build, already_a_project, build, with_values
from lgen.durable import bytes_of
from lgen.journal import Change, write_changes
from lgen.lgen_folder import SCHEMA_LINE, SPEC_FILE
from lgen.spec.fault import Fault

_SPEC = """\
module: {module}
data: {data}
{optimizer}max_epochs: 10

# Every option with its default: lgen options.
"""
_LENGTH = "max_epochs: 10\n"  # where no other is given
_OPTIMIZER = "optimizer: {name: AdamW, lr: 1e-3}\n"  # where there is no other
_SEVERAL = ("optimizers=", "optimizers.")


@dataclass(frozen=True)
class Classes:
    """The classes that a first spec names, such as model.py:Net; None where it was not said."""

    module: str | None
    data: str | None


def init(root: Path, classes: Classes, settings: Sequence[str]) -> Build | list[Fault]:
    """What was written into `root`, or why nothing was.

    Raises OSError where a file cannot be written; then, too, nothing is left behind.
    """
    if fault := already_a_project(root):
        return [fault]
    has_spec = not needs_classes(root)
    if has_spec and (classes.module or classes.data):
        return [Fault(SPEC_FILE, None, "this names the classes; leave out --module and --data")]
    before = _read_spec(root) if has_spec else _first_spec(root, classes)
    if isinstance(before, Fault):
        return [before]
    if not has_spec and any(setting.startswith("max_steps=") for setting in settings):
        before = before.replace(_LENGTH, "")
    if not has_spec and any(setting.startswith(_SEVERAL) for setting in settings):
        before = before.replace(_OPTIMIZER, "")
    spec_text = with_values(before, settings)
    if isinstance(spec_text, list):
        return spec_text
    built = build(root, spec_text, settings)
    if isinstance(built, list):
        return built
    changes = [Change(path, None, text.encode("utf-8")) for path, text in built.files.items()]
    if not has_spec or spec_text != before:
        changes.append(Change(SPEC_FILE, bytes_of(root / SPEC_FILE), spec_text.encode("utf-8")))
    write_changes(root, changes)
    return built


def needs_classes(root: Path) -> bool:
    """Whether there is no spec that names the classes."""
    return not os.path.lexists(root / SPEC_FILE)


def likely_classes(root: Path) -> Classes:
    """The first class with a training_step and the first with training data in the folder."""
    from lgen.spec.names import class_path_fault
    from lgen.user_code.source import Function, Project, statements

    project = Project(root)
    found: dict[str, str] = {}
    for file in sorted(path.name for path in root.glob("*.py")):
        tree = project.tree(file)
        for item in [] if isinstance(tree, Fault) else statements(tree.body):
            path = f"{file}:{getattr(item, 'name', '')}"
            if not isinstance(item, ast.ClassDef) or class_path_fault(path):
                continue
            names = {part.name for part in statements(item.body) if isinstance(part, Function)}
            if "training_step" in names:
                found.setdefault("module", path)
            if names & {"train_dataset", "train_dataloader"}:
                found.setdefault("data", path)
    return Classes(found.get("module"), found.get("data"))


def _read_spec(root: Path) -> str | Fault:
    from lgen.spec.read import read_text

    return read_text(root / SPEC_FILE)


def _first_spec(root: Path, classes: Classes) -> str | Fault:
    """A short spec that names the classes."""
    from lgen.spec.names import class_path_fault
    from lgen.user_code.classes import UserClass
    from lgen.user_code.module import read_module

    if not classes.module or not classes.data:
        likely = likely_classes(root)
        paths = (
            classes.module or likely.module or "model.py:Net",
            classes.data or likely.data or "data.py:Data",
        )
        missing = [
            *([] if classes.module else ["--module, the nn.Module with its steps"]),
            *([] if classes.data else ["--data, the class with the data sets"]),
        ]
        command = "lgen init --module {} --data {}".format(*paths)
        return Fault(SPEC_FILE, None, f"there is none, so give {' and '.join(missing)}: {command}")
    for flag, path in (("--module", classes.module), ("--data", classes.data)):
        if fault := class_path_fault(path):
            return Fault(f"{flag} {path}", None, fault)
    module = read_module(root, classes.module, [])
    makes_its_own = isinstance(module, UserClass) and module.configures is not None
    return SCHEMA_LINE + _SPEC.format(
        module=classes.module,
        data=classes.data,
        optimizer="" if makes_its_own else _OPTIMIZER,
    )
