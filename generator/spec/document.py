"""YAML text as plain values, with the line of every key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lgen.spec.fault import Fault

MAX_BYTES = 1_000_000
# a spec has a few hundred values; aliases of aliases can stand for billions
MAX_VALUES = 20_000
_NULLS = ("", "~", "null")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """The plain values of a YAML mapping and the line of each key, by its path.

    `given` holds what was not written in the file, by its dotted key: the text of the option of
    the command line, such as `--set batch_size=8`.
    """

    file: str
    values: dict[str, Any]
    lines: dict[Path, int]
    given: Mapping[str, str] = field(default_factory=dict)

    def line(self, path: Path) -> int | None:
        """The line of the key, or of the nearest key around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def fault(self, path: Path, message: str) -> Fault:
        """A fault of the value at a path, at the place where it was given."""
        if (option := self._option(path)) is not None:
            return Fault(option, None, message)
        return Fault(self.file, self.line(path), message)

    def fault_about(self, keys: tuple[str, ...], message: str) -> Fault:
        """A fault about several dotted keys, at the first that a flag or the file gives."""
        paths = [tuple(key.split(".")) for key in keys]
        of_options = [path for path in paths if self._option(path) is not None]
        written = [path for path in paths if path in self.lines]
        around = [path for path in paths if self.line(path) is not None]
        return self.fault([*of_options, *written, *around, ()][0], message)

    def _option(self, path: Path) -> str | None:
        """The option of the command line that gave the value at a path, or all that is in it."""
        for end in range(len(path), 0, -1):
            inside = [p for p in self.lines if len(p) == end + 1 and p[:end] == path[:end]]
            keys = [".".join(map(str, p)) for p in (path[:end], *inside)]
            if keys[0] in self.given:
                return self.given[keys[0]]
            if inside and self.given.keys() >= set(keys[1:]):
                return self.given[keys[1]]
        return None


class _Stop(Exception):
    """A fault that ends reading."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def decode(data: bytes, file: str) -> str | Fault:
    """The text of a spec's bytes: UTF-8, at most 1 MB, no control characters."""
    if len(data) > MAX_BYTES:
        return Fault(file, None, "the file is over 1 MB; a spec is a page of text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Fault(file, line, "the file is not UTF-8 text; save it as UTF-8")
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        return Fault(file, line, "the file holds control characters; a spec is plain text")
    return text


def compose(text: str, file: str) -> Any | Fault:
    """The YAML 1.2 node of the text with its marks, None where there is no value."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join((error.problem or error.context or "it cannot be read").split())
        if "\\t" in problem:
            problem = "a tab cannot indent; use spaces"
        return Fault(file, mark.line + 1 if mark else None, f"not valid YAML: {problem}")
    except RecursionError:
        return Fault(file, None, "not valid YAML: the values are nested too deeply")
    except (YAMLError, ValueError, NotImplementedError, AttributeError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return Fault(file, None, f"not valid YAML: {reason}")


def parse(text: str, file: str) -> Document | list[Fault]:
    """The text as a document; every duplicate key, or the first other thing that is wrong."""
    node = compose(text, file)
    if isinstance(node, Fault):
        return [node]
    if node is None or node.tag.endswith(":null"):
        return [Fault(file, None, "the spec is empty; it needs at least module and data")]
    if not hasattr(node, "flow_style") or not node.tag.endswith(":map"):
        return [Fault(file, 1, "the spec is no mapping; write keys and values, such as devices: 1")]
    lines: dict[Path, int] = {}
    repeated: list[Fault] = []
    try:
        _count(node, {}, set())
        values = _plain(
            node, (), lines, lambda line, text: repeated.append(Fault(file, line, text))
        )
    except _Stop as stop:
        return [Fault(file, stop.line, stop.message)]
    except RecursionError:
        return [Fault(file, None, "the values are nested too deeply")]
    return repeated or Document(file, values, lines)


def parse_value(text: str, file: str) -> Any | Fault:
    """One value as YAML reads it, such as the 1e-3 of `--set optimizer.lr=1e-3`."""
    if control := _CONTROL.search(text):
        return Fault(file, None, f"{control.group()!r} is a control character")
    node = compose(text, file)
    if node is None or isinstance(node, Fault):
        return node
    faults: list[Fault] = []
    try:
        _count(node, {}, set())
        value = _plain(node, (), {}, lambda line, text: faults.append(Fault(file, None, text)))
    except _Stop as stop:
        return Fault(file, None, stop.message)
    except RecursionError:
        return Fault(file, None, "the values are nested too deeply")
    return faults[0] if faults else value


def _children(node: Any) -> list[Any]:
    """The nodes directly below a node, keys included."""
    if isinstance(node.value, str):
        return []
    return [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]


def _count(node: Any, known: dict[int, int], around: set[int]) -> int:
    """How many values a node stands for with its aliases written out, without writing them out."""
    if id(node) in around:
        raise _Stop(node.start_mark.line + 1, "an alias stands for a value that it is part of")
    if id(node) not in known:
        around.add(id(node))
        known[id(node)] = 1 + sum(_count(child, known, around) for child in _children(node))
        around.discard(id(node))
        if known[id(node)] > MAX_VALUES:
            raise _Stop(
                node.start_mark.line + 1,
                f"the spec stands for more than {MAX_VALUES} values; write fewer aliases",
            )
    return known[id(node)]


def _plain(
    node: Any, path: Path, lines: dict[Path, int], repeated: Callable[[int, str], None]
) -> Any:
    """The node as dict, list or scalar; fills `lines` and reports keys that are given twice."""
    line = node.start_mark.line + 1
    kind = (node.tag or "").rpartition(":")[2]
    if isinstance(node.value, str):
        return scalar(node.value, kind, line)
    if kind == "seq":
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
        return [_plain(item, (*path, i), lines, repeated) for i, item in enumerate(node.value)]
    if kind != "map":
        raise _Stop(line, f"the tag {node.tag} is not for specs; leave it out")
    values: dict[str, Any] = {}
    for key, value in node.value:
        at = key.start_mark.line + 1
        if not isinstance(key.value, str):
            raise _Stop(at, "a key is a name, not a list or mapping")
        if key.value == "<<" and key.style is None:
            raise _Stop(at, "merge keys are not part of YAML 1.2; write the keys out")
        if key.value in values:
            first = lines[(*path, key.value)]
            repeated(at, f"{key.value} is given twice, first in line {first}; keep one of them")
            continue
        lines[(*path, key.value)] = at
        values[key.value] = _plain(value, (*path, key.value), lines, repeated)
    return values


def scalar(text: str, kind: str, line: int) -> Any:
    """A YAML 1.2 scalar as bool, int, float, str or None.

    Raises the fault of a number that cannot be read, or of a tag that specs do not have.
    """
    try:
        match kind:
            case "str" | "timestamp":
                return text
            case "null" if text.lower() in _NULLS:
                return None
            case "bool" if text.lower() in ("true", "false"):
                return text.lower() == "true"
            case "null" | "bool":
                allowed = "null" if kind == "null" else "true or false"
                raise _Stop(line, f"{text[:40]!r} is not {allowed}; leave out the tag !!{kind}")
            case "int":
                number = int(text.replace("_", ""), 0 if re.match(r"[-+]?0[xob]", text) else 10)
                if number.bit_length() >= 64:  # no tensor and no loop takes it
                    raise OverflowError
                return number
            case "float":
                return float(re.sub(r"\.(inf|nan)$", r"\1", text.replace("_", "").lower()))
    except ValueError:
        raise _Stop(line, f"{text[:40]!r} is no number that can be read; quote a text") from None
    except OverflowError:
        raise _Stop(line, f"{text[:20]}... is more than a number can be; write less") from None
    raise _Stop(line, f"the tag {kind} is not for specs; leave it out")
