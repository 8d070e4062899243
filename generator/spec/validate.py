"""A document as a Spec, and everything that is wrong with it."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue, ValidationError

from lgen.spec.allowed import choices, keys_at, schema_at, words
from lgen.spec.document import Document, Path
from lgen.spec.fault import Fault, nearest
from lgen.spec.hints import meant
from lgen.spec.names import import_path_fault, name_fault
from lgen.spec.options import Spec
from lgen.spec.parts import Optimizer, Scheduler
from lgen.spec.rules import broken_rules
from lgen.spec.types import fits
from lgen.tables.torch_optim import Kind, classes

# what Lightning also calls a value, or called it before
_OTHER_NAMES = {
    ("accelerator", "gpu"): "cuda",
    ("precision", "16"): "16-mixed",
    ("precision", "32"): "32-true",
    ("precision", "64"): "64-true",
    ("precision", "bf16"): "bf16-mixed",
    ("strategy", "auto"): "single",
}
# stands for a class path that is wrong or missing, so that the rest can still be looked at
_STAND_IN = {"module": "model.py:Model", "data": "data.py:Data"}


def validate(document: Document) -> tuple[Spec | None, list[Fault]]:
    """The spec, None if a type or key is wrong, and every fault that can be seen in it alone."""
    try:
        spec = Spec.model_validate(document.values)
        broken: set[str] = set()
        faults: list[Fault] = []
    except ValidationError as error:
        faults = _model_faults(document, error)
        broken = {str(e["loc"][0]) for e in error.errors(include_url=False) if e["loc"]}
        whole = {k: v for k, v in document.values.items() if k not in broken}
        spec = Spec.model_validate({**_STAND_IN, **whole})
    parts: list[tuple[Path, Optimizer | Scheduler | None]] = [
        (("optimizer",), spec.optimizer),
        (("scheduler",), spec.scheduler),
    ]
    for name, block in spec.optimizers.items():
        parts.append((("optimizers", name, "optimizer"), block.optimizer))
        parts.append((("optimizers", name, "scheduler"), block.scheduler))
    for place, part in parts:
        faults += _torch_faults(document, place, part)
    for rule in broken_rules(spec):
        if broken.isdisjoint(key.partition(".")[0] for key in rule.keys):
            faults.append(document.fault_about(rule.keys, rule.sentence))
    return (None if broken else spec), faults


def _model_faults(document: Document, error: ValidationError) -> list[Fault]:
    """Pydantic's errors as faults, one for each key."""
    faults: dict[Path, Fault] = {}
    for item in error.errors(include_url=False):
        path = _path_in(document.values, item["loc"])
        kind = item["type"]
        if kind == "missing":
            path = (*path, str(item["loc"][-1]))
        name = ".".join(str(part) for part in path)
        value = _value_at(document.values, path)
        if kind == "missing":
            schema = schema_at(path) or {}
            message = f"{name} is missing: {schema.get('description', '')} ({words(schema)})"
        elif kind == "extra_forbidden":
            near = meant(tuple(str(part) for part in path))
            rest = "" if near else f"; known keys: {', '.join(keys_at(path[:-1]))}"
            message = f"{name} is an unknown key{near}{rest}"
        elif kind == "value_error":
            message = f"{name}: {item['ctx']['error']}"
        else:
            schema = schema_at(path) or {}
            near = nearest(value, choices(schema)) if isinstance(value, str) else ""
            if other := _OTHER_NAMES.get((name, str(value))):
                near = f"; did you mean {other}?"
            allowed = "finite numbers" if kind == "finite_number" else words(schema)
            message = f"{name} is {shown(value)}; allowed: {allowed}{near}"
        if path not in faults or kind == "value_error":
            faults[path] = document.fault(path, message)
    # of a value that may be a mapping too, what is wrong in the mapping says more
    whole = {path[:end] for path in faults for end in range(len(path))}
    return [fault for path, fault in faults.items() if path not in whole]


def _path_in(values: Any, loc: tuple[int | str, ...]) -> Path:
    """The part of pydantic's location that is a path of the document."""
    path: list[int | str] = []
    for part in loc:
        if isinstance(values, dict) and part in values:
            values = values[part]
        elif isinstance(values, list) and isinstance(part, int) and part < len(values):
            values = values[part]
        else:
            continue
        path.append(part)
    return tuple(path)


def _value_at(values: Any, path: Path) -> Any:
    """The value at a path, None where there is none."""
    for part in path:
        if isinstance(values, dict):
            values = values.get(part)
        elif isinstance(values, list) and isinstance(part, int):
            values = values[part]
        else:
            return None
    return values


def shown(value: Any) -> str:
    """A value as an error shows it, cut short."""
    text = {True: "true", False: "false", None: "null"}.get(value) if _plain(value) else None
    text = repr(value) if text is None else text
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plain(value: Any) -> bool:
    """Whether YAML has a word of its own for the value."""
    return value is None or isinstance(value, bool)


def _torch_faults(
    document: Document, place: Path, part: Optimizer | Scheduler | None
) -> list[Fault]:
    """What is wrong with the name and the arguments of an optimizer or scheduler."""
    if part is None or part.name is None:
        return []
    kind: Kind = "optimizers" if isinstance(part, Optimizer) else "schedulers"
    key = kind.removesuffix("s")
    rows = classes(kind)
    at = (*place, "name")
    if isinstance(part, Optimizer) and any(sign in part.name for sign in ".:/"):
        if wrong := import_path_fault(part.name, rows):
            return [document.fault(at, f"optimizer {part.name!r}: {wrong}")]
        return [
            document.fault(path, f"{part.class_name}: {wrong}")
            for path, _ in _given(part, place)
            if (wrong := _keyword_fault(str(path[-1])))
        ]
    if part.name not in rows:
        near = nearest(part.name, rows)
        listed = "" if near else f"; known: {', '.join(n for n in rows if 'args' in rows[n])}"
        return [document.fault(at, f"there is no {key} {part.name!r}{near}{listed}")]
    if "refused" in rows[part.name]:
        return [document.fault(at, f"{part.name}: {rows[part.name]['refused']}")]
    known = rows[part.name]["args"]
    own = [name for name in Scheduler.model_fields if name != "name"]
    own = own if kind == "schedulers" else []
    faults = []
    for path, value in _given(part, place):
        if message := _argument_fault(part.name, str(path[-1]), value, known, own):
            faults.append(document.fault(path, message))
    for name, row in known.items():
        if "type" in row and "default" not in row and not row.get("length"):
            if name not in part.args:
                text = f"{part.name} needs {name}: {row['type']}; add it to {key}"
                faults.append(document.fault(place, text))
    return faults


def _given(part: Optimizer | Scheduler, place: Path) -> list[tuple[Path, JsonValue]]:
    """The arguments of an optimizer, its groups included, or of a scheduler, by their paths."""
    given: list[tuple[Path, JsonValue]] = [((*place, n), value) for n, value in part.args.items()]
    if isinstance(part, Optimizer):
        for number, group in enumerate(part.groups):
            given += [((*place, "groups", number, n), value) for n, value in group.args.items()]
    return given


def _keyword_fault(name: str) -> str | None:
    """What keeps a name from being an argument of an optimizer that is not torch's, or None."""
    if name == "params":
        return "the script gives it the model's parameters; remove params"
    return name_fault(name)


def _argument_fault(
    owner: str, name: str, value: Any, known: dict[str, dict[str, Any]], own: list[str]
) -> str | None:
    """What is wrong with one argument, or None."""
    row = known.get(name)
    if row is None:
        usable = [*(n for n, r in known.items() if "type" in r), *own]
        near = nearest(name, usable)
        return f"{owner} has no argument {name}{near} (it has: {', '.join(usable)})"
    if "refused" in row:
        return f"{owner}'s {name}: {row['refused']}"
    if fits(row["type"], value) is False:
        return f"{owner}'s {name} is {row['type']}, and {shown(value)} is not"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        outside = (
            ("minimum" in row and value < row["minimum"])
            or ("exclusiveMinimum" in row and value <= row["exclusiveMinimum"])
            or ("maximum" in row and value > row["maximum"])
            or ("exclusiveMaximum" in row and value >= row["exclusiveMaximum"])
        )
        if outside:
            kind = "integer" if row["type"].startswith("int") else "number"
            allowed = words({"type": kind, **{k: v for k, v in row.items() if "imum" in k}})
            return f"{owner}'s {name} is {shown(value)}; allowed: {allowed}"
    return None
