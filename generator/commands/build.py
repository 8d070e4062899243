"""What `new` and `init` share: the files of a project around those that are the user's."""

from __future__ import annotations

import os
import re
from ast import literal_eval
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lgen.lgen_folder import FOLDER, lgen_folder
from lgen.spec.fault import Fault, setting_text

_USERS_OWN = ("README.md", "pyproject.toml", "tests/")


@dataclass(frozen=True)
class Build:
    """The files to write by path, those that were the user's before, and the requirements."""

    files: dict[str, str]
    kept: list[str]
    requirements: list[str]


def build(root: Path, spec_text: str, settings: Sequence[str]) -> Build | list[Fault]:
    """The generated files and .lgen for the user's files in `root`, or all that is wrong.

    `settings` are the `key=value` that the spec's text already holds; their faults name them.
    A README.md, pyproject.toml or tests that the user has are kept; any other file that stands
    where lgen would write is a fault.
    """
    from lgen.project import project_files

    given = {setting.partition("=")[0]: setting_text(setting) for setting in settings}
    files = project_files(root, spec_text, given)
    if isinstance(files, list):
        return files
    taken = [path for path in files if os.path.lexists(root / path)]
    kept = sorted(path for path in taken if path.startswith(_USERS_OWN))
    if faults := _in_the_way(root, set(taken) - set(kept)):
        return faults
    requirements = requirements_of(files["pyproject.toml"])
    written = {path: text for path, text in files.items() if path not in kept}
    return Build(written | lgen_folder(spec_text, written, kept), kept, requirements)


def _in_the_way(root: Path, taken: Iterable[str]) -> list[Fault]:
    """A fault for each file that lgen would have to overwrite."""
    blocked = {path for path in taken if not path.startswith("runtime/")}
    runtime, tests = root / "runtime", root / "tests"
    if _is_no_folder(runtime) or (runtime.is_dir() and any(runtime.iterdir())):
        blocked.add("runtime")
    if _is_no_folder(tests):
        blocked.add("tests")
    faults = [
        Fault(path, None, "this is where lgen would write its own; move or rename yours")
        for path in sorted(blocked)
    ]
    for path, text in (
        ("runtime.py", "the folder runtime that lgen writes would hide it from `import runtime`"),
        ("train/__init__.py", "the package train would hide the train.py that lgen writes"),
    ):
        if os.path.lexists(root / path):
            faults.append(Fault(path, None, f"{text}; rename yours"))
    return faults


def _is_no_folder(path: Path) -> bool:
    """Whether something stands there that is no folder of its own; a link leads elsewhere."""
    return path.is_symlink() or (path.exists() and not path.is_dir())


def requirements_of(pyproject: str) -> list[str]:
    """The requirements that a generated pyproject.toml lists."""
    found = re.search(r"^dependencies = (\[.*?^\])", pyproject, re.DOTALL | re.MULTILINE)
    return list(literal_eval(found[1])) if found else []


def with_values(spec_text: str, settings: Sequence[str]) -> str | list[Fault]:
    """The spec's text with each `key=value` set in it, its comments and order kept."""
    if not settings:
        return spec_text
    from lgen.spec.allowed import is_default
    from lgen.spec.edit import set_option, unset_option
    from lgen.spec.read import from_options

    pairs = [setting.partition("=") for setting in settings]
    if bad := [key for key, equals, _ in pairs if not equals or not key]:
        return [Fault(setting_text(text), None, "write --set key=value") for text in bad]
    values = from_options({key: value for key, _, value in pairs})
    if isinstance(values, list):
        return values
    for key, value in values.items():
        if is_default(key, value):
            # only what differs from a default is written
            shorter = unset_option(spec_text, key)
            if shorter is not None:
                spec_text = shorter
                continue
        changed = set_option(spec_text, key, value)
        if isinstance(changed, list):
            return changed
        spec_text = changed
    return spec_text


def already_a_project(root: Path) -> Fault | None:
    """The fault of a folder that lgen has filled before."""
    folder = root / FOLDER
    if not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir())):
        return None
    told = "this is a project already; `lgen set` changes an option, `lgen update` follows the spec"
    return Fault(str(folder), None, told)
