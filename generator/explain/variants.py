"""Specs that differ from a spec in one option: what it would be without it, or with another."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from lgen.plan import Plan
from lgen.project import project_plan
from lgen.spec.allowed import Schema, branches, keys_at, schema_at
from lgen.spec.document import Document, parse
from lgen.spec.edit import dump
from lgen.spec.fault import Fault

# what stands for the code itself
_FIXED = ("module", "data", "defines")


@dataclass(frozen=True)
class Variant:
    """An option, its value as a spec says it, and the text of a spec without it or with another."""

    key: str
    value: str
    is_default: bool
    text: str


def values_of(text: str, file: str) -> dict[str, Any] | list[Fault]:
    """The plain values of a spec."""
    document = parse(text, file)
    return document.values if isinstance(document, Document) else document


def value_at(values: dict[str, Any], key: str) -> Any:
    """The value of a dotted key; raises KeyError where none is written."""
    for part in key.split("."):
        if not isinstance(values, dict):
            raise KeyError(key)
        values = values[part]
    return values


def without(values: dict[str, Any], *keys: str) -> str:
    """The text of the spec in which these options are left out."""
    left = deepcopy(values)
    for key in keys:
        *around, last = key.split(".")
        inner: Any = left
        for part in around:
            inner = inner.get(part, {}) if isinstance(inner, dict) else {}
        if isinstance(inner, dict):
            inner.pop(last, None)
    return dump(left)


def plan_without(root: Path, values: dict[str, Any], key: str) -> tuple[Plan, list[str]] | None:
    """The plan of a spec without an option, and the options that had to go with it.

    One other may have to: devices, say, where there is no strategy any more. None where that is
    not enough.
    """
    others = [name for name in values if name not in _FIXED and name != key.partition(".")[0]]
    for number in (0, 1):
        for more in combinations(others, number):
            plan = project_plan(root, without(values, key, *more))
            if isinstance(plan, Plan):
                return plan, list(more)
    return None


def resets(values: dict[str, Any]) -> Iterator[Variant]:
    """For each option that is written, inner ones first, the spec without it."""
    for key in _written(values):
        if key.partition(".")[0] not in _FIXED or key.startswith(("module.args.", "data.args.")):
            yield Variant(key, dump(value_at(values, key)), False, without(values, key))


def _written(values: dict[str, Any], around: str = "") -> Iterator[str]:
    """The dotted keys of what is written, inner ones first."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _written(value, f"{around}{name}.")
        yield f"{around}{name}"


def probes(values: dict[str, Any]) -> Iterator[Variant]:
    """For each option the spec with another value, if one is plain; first those at their default.

    An option may be written with the value that is its default anyway, or for one inside it.
    """
    written = [key for key in _written(values) if key.partition(".")[0] not in _FIXED]
    for key in (*_unwritten(values), *written):
        schema = schema_at(tuple(key.split(".")))
        if schema is None or "default" not in schema:
            continue
        default = schema["default"]
        is_default = key not in written
        now = default if is_default else value_at(values, key)
        for other in _others(schema, now):
            changed = deepcopy(values)
            inner = changed
            *around, last = key.split(".")
            for part in around:
                inner = inner.setdefault(part, {}) if isinstance(inner, dict) else inner
            if not isinstance(inner, dict):
                continue
            inner[last] = other
            said = "{...}" if is_default and isinstance(default, dict) else dump(now)
            yield Variant(key, said, is_default, dump(changed))


def _unwritten(values: dict[str, Any]) -> Iterator[str]:
    """The dotted keys that could be written and are not."""
    for name in keys_at(()):
        if name in _FIXED:
            continue
        if name not in values:
            yield name
        if isinstance(values.get(name, {}), dict) and _has_default_mapping(name, values):
            for inner in keys_at((name,)):
                if inner not in values.get(name, {}):
                    yield f"{name}.{inner}"


def _has_default_mapping(name: str, values: dict[str, Any]) -> bool:
    schema = schema_at((name,)) or {}
    return name in values or isinstance(schema.get("default"), dict)


def _others(schema: Schema, default: Any) -> list[Any]:
    """Plain values that an option could have in the place of its default."""
    found: list[Any] = []
    for branch in branches(schema):
        kind = branch.get("type")
        if "enum" in branch or "const" in branch:
            found += branch.get("enum", [branch.get("const")])
        elif kind == "boolean":
            found += [True, False]
        elif kind == "null":
            found.append(None)
        elif kind == "array":
            found += [[], *([value] for value in branch.get("items", {}).get("enum", []))]
        elif kind == "integer":
            least = branch.get("minimum", 0)
            found.append(max(default + 1 if _is_int(default) else 2, least))
            found += [0] * (least <= 0)  # often what switches it off
        elif kind == "number":
            found.append(0.5)
    return [value for value in found if value != default or type(value) is not type(default)]


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
