"""`lgen explain`: the code that an option brings, or the option that brought a line."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from lgen.commands.build import with_values
from lgen.commands.show import one_option
from lgen.commands.update import Refused, as_typed, project
from lgen.explain.blocks import general, is_of_any, of_blocks
from lgen.explain.line import Cause, causes, same_line, subject
from lgen.explain.variants import plan_without, value_at, values_of
from lgen.generate import generate
from lgen.lgen_folder import FOLDER, SPEC_FILE
from lgen.plan import Plan
from lgen.project import project_plan
from lgen.project_state import State
from lgen.spec.document import parse
from lgen.spec.edit import dump
from lgen.spec.fault import Fault, setting_text
from lgen.spec.read import from_options
from lgen.text_diff import unified
from lgen.user_file import UserFile, read_user_file

_LINE = re.compile(r"(.+):([^:]*)")


def explain(root: Path, what: str) -> list[str] | Refused:
    """What there is to say about an option, with a value or without, or about a FILE:LINE."""
    found = project(root)
    if isinstance(found, Fault):
        return Refused([found])
    state, spec = found
    if (place := _LINE.fullmatch(what)) and "=" not in what:
        path = Path(place[1])
        inside = path if path.is_absolute() else root / path
        if not place[2].isdecimal():
            return Refused([Fault(what, None, f"name a line by its number, as in {path}:1")])
        if not inside.resolve().is_relative_to(root.resolve()):
            return Refused([Fault(str(path), None, "it lies outside of the project")])
        relative = Path(os.path.normpath(inside)).relative_to(os.path.normpath(root)).as_posix()
        return _line(root, state, spec, relative, int(place[2]))
    key, equals, _ = what.partition("=")
    known = from_options({key: "0"})
    if isinstance(known, list):
        return Refused(as_typed([Fault(key, None, fault.message) for fault in known]))
    doc = one_option(general(key))
    lines = [*(doc.split("\n") if isinstance(doc, str) else [key]), ""]
    more = _with_value(root, spec, what) if equals else _as_it_is(root, spec, key)
    return more if isinstance(more, Refused) else lines + more


def _with_value(root: Path, spec: UserFile, setting: str) -> list[str] | Refused:
    """What the project's files would be with this value."""
    assert spec.text is not None
    key = setting.partition("=")[0]
    if is_of_any(key):
        return Refused([Fault(key, None, "write the name of a block in the place of NAME")])
    text = with_values(spec.text, [setting])
    if isinstance(text, list):
        return Refused(as_typed(text))
    now = project_plan(root, spec.text)
    then = project_plan(root, text, {key: setting_text(setting)})
    for plan in (now, then):
        if isinstance(plan, list):
            return Refused(as_typed(plan))
    assert isinstance(now, Plan) and isinstance(then, Plan)
    if now.spec == then.spec:
        return [f"{setting} is how it is here already; `lgen explain {key}` shows what it brings."]
    lines = _changes(now, then)
    if not lines:
        return [f"{setting} changes no line of this project."]
    return [f"{setting} changes in this project:", *lines]


def _as_it_is(root: Path, spec: UserFile, key: str) -> list[str] | Refused:
    """What the option brings as the spec has it."""
    assert spec.text is not None
    values = values_of(spec.text, SPEC_FILE)
    now = project_plan(root, spec.text)
    for found in (values, now):
        if isinstance(found, list):
            return Refused(found)
    assert isinstance(values, dict) and isinstance(now, Plan)
    keys = of_blocks(key, values)
    if isinstance(keys, Fault):
        return Refused(as_typed([keys]))
    if not keys:
        return ["The spec has no optimizers."]
    several = [_brought(root, values, now, one, one != key) for one in keys]
    return [line for lines in several for line in [*lines, ""]][:-1]


def _brought(
    root: Path, values: dict[str, Any], now: Plan, key: str, one_of_several: bool
) -> list[str]:
    """What an option brings by the value that it has."""
    try:
        value = dump(value_at(values, key))
    except KeyError:
        it = key if one_of_several else "It"
        more = f"`lgen explain {key}=VALUE` shows what another brings."
        return [f"{it} is at its default here. {more}"]
    without = plan_without(root, values, key)
    if without is None:
        return [f"{key}: {value} stands in {SPEC_FILE}; the spec cannot do without it."]
    plan, others = without
    together = "".join(f", together with {other}" for other in others)
    lines = _changes(plan, now)
    if not lines:
        return [f"{key}: {value} stands in {SPEC_FILE}{together}, and brings no line of its own."]
    return [f"{key}: {value} stands in {SPEC_FILE}{together}, and brings:", *lines]


def _changes(before: Plan, after: Plan) -> list[str]:
    """The diff of what two plans emit; of a runtime module that comes or goes, its name."""
    old, new = generate(before), generate(after)
    lines: list[str] = []
    modules: list[str] = []
    for path in sorted(old.keys() | new.keys()):
        if path.startswith("runtime/") and (path not in old or path not in new):
            sign, text = ("+", new[path]) if path in new else ("-", old[path])
            modules.append(f"{sign} {path} ({len(text.splitlines())} lines)")
        else:
            lines += unified(path, old.get(path), new.get(path))
    return lines + modules


def _line(root: Path, state: State, spec: UserFile, path: str, number: int) -> list[str] | Refused:
    """What brought a line of a file."""
    file = read_user_file(root, path)
    if file is None:
        return Refused([Fault(path, None, "there is no such file")])
    if file.text is None:
        assert file.unreadable is not None
        return Refused([file.unreadable])
    lines = file.text.removesuffix("\n").split("\n")
    count = len(lines)
    if not 1 <= number <= count:
        return Refused([Fault(path, None, f"it has lines 1 to {count}, and none {number}")])
    head = f"{path}:{number}: {lines[number - 1].strip()}"
    base = state.base.get(path)
    if path.startswith(f"{FOLDER}/"):
        return [head, "always there: lgen's own record of what it wrote"]
    if base is None or path in state.kept:
        return [head, "yours: lgen does not write this file"]
    at = same_line(base.removesuffix("\n").split("\n"), lines, number)
    if at is None:
        return [head, "yours: lgen did not write this line"]
    if not lines[number - 1].strip():
        return [head, "a blank line"]
    plan, values = project_plan(root, state.spec_text), values_of(state.spec_text, SPEC_FILE)
    for found in (plan, values):
        if isinstance(found, list):
            return Refused(found)
    assert isinstance(plan, Plan) and isinstance(values, dict)
    line = subject(plan, path, base.split("\n"), at)
    if line is None:
        return [head, "lgen wrote it, and would not any more; lgen update"]
    why = causes(root, plan, values, line)
    # the spec may have moved since, and say the same
    same = spec.text is not None and values_of(spec.text, SPEC_FILE) == values
    text = spec.text if same and spec.text is not None else state.spec_text
    return [head, *(_said(text, cause) for cause in why)] if why else [head, "always there"]


def _said(spec_text: str, cause: Cause) -> str:
    """The option with its place and value, and what it does to the line."""
    variant = cause.variant
    document = parse(spec_text, SPEC_FILE)
    line = None if isinstance(document, list) else document.line(tuple(variant.key.split(".")))
    place = "its default" if variant.is_default else f"{SPEC_FILE}:{line}"
    return f"{variant.key}: {variant.value} ({place}) {cause.effect}"
