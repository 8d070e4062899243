"""From a Plan to the text of every generated file; touches no disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from lgen.plan import Plan
from lgen.plan.requirements import requirements
from lgen.render import Rendered, render
from lgen.render.imports import runtime_closure, top_level_modules

_TEMPLATES = "project/"
RENDERED = ("train.py", "tests/test_train.py")


def generate(plan: Plan, format: bool = True) -> dict[str, str]:
    """The generated files by their path in the project, as black formats them if so asked."""
    rendered = rendered_files(plan, format=format)
    files = {path: file.text for path, file in rendered.items()}
    sources = runtime_sources()
    modules = runtime_closure([*files.values(), *_commands(plan)], sources)
    files["runtime/__init__.py"] = sources["__init__"]
    files |= {f"runtime/{name}.py": sources[name] for name in sorted(modules)}
    imported = {name for text in files.values() for name in top_level_modules(text)}
    if plan.decisions.flags["tensorboard"]:
        imported.add("tensorboard")  # torch.utils.tensorboard needs it
    if plan.decisions.flags["device_stats_of_nvidia"]:
        imported.add("pynvml")  # torch.cuda.utilization needs it
    needed = requirements(imported | plan.user_packages, plan.own_modules)
    for path in _text_files(plan):
        context = {**plan.context, "requirements": needed}
        files[path] = render(_TEMPLATES + path, context, format=False).text
    return files


def rendered_files(
    plan: Plan, paths: Iterable[str] = RENDERED, format: bool = True
) -> dict[str, Rendered]:
    """The Python files that come from templates, with the origin of their lines."""
    return {path: render(_TEMPLATES + path, plan.context, format=format) for path in paths}


def _commands(plan: Plan) -> list[str]:
    """Imports of the runtime modules that are commands of their own."""
    flags = plan.decisions.flags
    return ["import runtime.consolidate"] if flags["fsdp"] and flags["checkpoint"] else []


def _text_files(plan: Plan) -> list[str]:
    """The generated files that are not Python."""
    paths = ["pyproject.toml", "README.md"]
    return [*paths, "launch.sh"] if plan.decisions.flags["distributed"] else paths


@cache
def runtime_sources() -> Mapping[str, str]:
    """The source of every runtime module by its name."""
    folder = resources.files("lgen.runtime")
    return {
        file.name.removesuffix(".py"): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".py")
    }
