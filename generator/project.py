"""From the text of a spec, in the folder of its project, to every generated file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from lgen.generate import generate
from lgen.plan import Plan, make_plan
from lgen.render.imports import top_level_modules
from lgen.spec.check import Checked, check
from lgen.spec.fault import Fault
from lgen.user_code.optimizer import optimizer_file
from lgen.user_code.source import Project


def project_files(
    root: Path, text: str, given: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str] | list[Fault]:
    """The generated files by path, or every fault of the spec and the user's classes.

    `given` are the options of the command line that set a key, such as `--set seed=1` by `seed`.
    """
    plan = project_plan(root, text, given)
    return plan if isinstance(plan, list) else generate(plan)


def project_plan(
    root: Path, text: str, given: Mapping[str, str] = MappingProxyType({})
) -> Plan | list[Fault]:
    """The plan of the project in this folder, or the faults that stand in its way."""
    checked = check(root, text, given=given)
    if not isinstance(checked, Checked):
        return checked
    own = optimizer_file(root, checked.spec.optimizer)
    files = {checked.module.file, checked.data.file, *([own] if own else [])}
    packages = _packages(root, files)
    if isinstance(packages, list):
        return packages
    return make_plan(checked.spec, checked.module, checked.data, packages, own is not None)


def _packages(root: Path, files: set[str]) -> frozenset[str] | list[Fault]:
    """The modules that the user's files import and that lie in no file of the project.

    A list of faults where one of these files is no Python code.
    """
    project = Project(root)
    modules: set[str] = set()
    faults: list[Fault] = []
    seen: set[str] = set()
    while files - seen:
        file = min(files - seen)
        seen.add(file)
        tree = project.tree(file)
        if isinstance(tree, Fault):
            faults.append(tree)
            continue
        for name in top_level_modules(tree):
            if (root / f"{name}.py").is_file() and project.holds(f"{name}.py"):
                files.add(f"{name}.py")
            elif not (root / f"{name}.py").is_file() and not (root / name).is_dir():
                modules.add(name)
    return faults or frozenset(modules)
