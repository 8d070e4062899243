"""Setting one option in the text of a spec; every other character stays as it is."""

from __future__ import annotations

import json
import re
from typing import Any

from lgen.spec.document import Document, compose, parse, parse_value
from lgen.spec.fault import Fault

_PLAIN_TEXT = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:+-]*[A-Za-z0-9_./]|[A-Za-z0-9_]")
# what JSON leaves as it is and YAML does not print
_UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
# mappings that may stand as one plain value, and the key that this value is
_SHORT = {"module": "path", "data": "path", "init_from": "path", "compile": "target"}


def set_option(text: str, key: str, value: Any, file: str = "lgen.yaml") -> str | list[Fault]:
    """The spec's text with the option of a dotted key set; comments and order are kept."""
    empty = compose(text, file) is None
    before = Document(file, {}, {}) if empty else parse(text, file)
    if isinstance(before, list):
        return before
    path = key.split(".")
    changed = _set(text, path, value, file)
    after = parse(changed, file)
    if isinstance(after, list) or after.values != _with(before.values, path, value):
        line = before.line(tuple(path))
        return [Fault(file, line, f"{key} cannot be set here by lgen; write it into the file")]
    return changed


def unset_option(text: str, key: str, file: str = "lgen.yaml") -> str | None:
    """The spec's text without the option of a dotted key; a mapping that is emptied goes too.

    None where more would go than its own text, such as a comment beside it.
    """
    before = parse(text, file)
    if isinstance(before, list):
        return None
    path = key.split(".")
    mappings: list[Any] = [compose(text, file)]
    for part in path:
        if isinstance(mappings[-1].value, str):
            return None
        found = _pair(mappings[-1], part)
        if found is None:
            return text if len(mappings) == len(path) else None
        mappings.append(found[1])
    while len(path) > 1 and len(mappings[len(path) - 1].value) == 1:
        path.pop()
    changed = _cut(text, mappings[len(path) - 1], path[-1])
    after = None if changed is None else parse(changed, file)
    if after is None or isinstance(after, list) or after.values != _less(before.values, path):
        return None
    return changed


def _pair(mapping: Any, key: str) -> Any:
    """The nodes of a key and its value."""
    return next((pair for pair in mapping.value if pair[0].value == key), None)


def _less(values: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """The plain values without one."""
    head, *rest = path
    if rest:
        return {**values, head: _less(values[head], rest)}
    return {name: value for name, value in values.items() if name != head}


def _cut(text: str, mapping: Any, key: str) -> str | None:
    """The text without one key of a mapping and its value."""
    name, value = _pair(mapping, key)
    place = mapping.value.index((name, value))
    start, stop = name.start_mark.index, _end(value)
    if mapping.flow_style:
        if place + 1 < len(mapping.value):
            stop = mapping.value[place + 1][0].start_mark.index
        elif place:
            start = _end(mapping.value[place - 1][1])
        return text[:start] + text[stop:]
    line = text.find("\n", stop)
    if text[stop : line if line >= 0 else None].strip():
        return None
    start = text.rfind("\n", 0, start) + 1
    return text[:start] + (text[line + 1 :] if line >= 0 else "")


def _with(values: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """The plain values with one more set."""
    head, *rest = path
    if not rest:
        return {**values, head: value}
    inner = values.get(head)
    return {**values, head: _with(_spelled_out(head, inner), rest, value)}


def _spelled_out(key: str, value: Any) -> dict[str, Any]:
    """The mapping that a plain value stands for, such as {path: model.py:Net}."""
    if isinstance(value, dict):
        return value
    return {_SHORT[key]: value} if isinstance(value, str) and key in _SHORT else {}


def _set(text: str, path: list[str], value: Any, file: str) -> str:
    """`set_option` without its checks."""
    root = compose(text, file)
    if root is None or isinstance(root, Fault) or isinstance(root.value, str):
        return _append(text, f"{path[0]}: {dump(_nest(path[1:], value))}")
    node = root
    for depth, part in enumerate(path):
        pairs = ((k, v) for k, v in node.value if k.value == part)
        name, found = next(pairs, (None, None))
        rest = path[depth + 1 :]
        if found is None:
            return _insert(text, node, part, dump(_nest(rest, value)), top=depth == 0)
        if not rest or isinstance(found.value, str) or not found.tag.endswith(":map"):
            old = parse(text, file)
            around: Any = old.values if isinstance(old, Document) else {}
            for step in path[: depth + 1]:
                around = around[step]
            new = _with(_spelled_out(part, around), rest, value) if rest else value
            return _replace(text, name, found, dump(new))
        node = found
    return text


def _nest(path: list[str], value: Any) -> Any:
    """The value below the keys of a path."""
    for part in reversed(path):
        value = {part: value}
    return value


def _end(node: Any) -> int:
    """Where the text of a node ends, without the comments behind a block."""
    if isinstance(node.value, str) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return max(_end(part) for part in (last if isinstance(last, tuple) else (last,)))


def _replace(text: str, key: Any, node: Any, new: str) -> str:
    """The text with the value of one key replaced."""
    if node.start_mark.index == node.end_mark.index:
        # a key without a value: its mark may stand lines below
        colon = text.index(":", key.end_mark.index) + 1
        return f"{text[:colon]} {new}{text[colon:]}"
    start, end = node.start_mark.index, _end(node)
    if isinstance(node.value, str) and node.style in ("|", ">"):
        # a block text ends at the line behind it
        end = start + len(text[start:end].rstrip())
    block = not isinstance(node.value, str) and not node.flow_style
    if block:
        # the value moves up behind its key
        start = len(text[:start].rstrip())
        start = text.rindex(":", 0, start + 1) + 1 if text[start - 1] != ":" else start
    space = "" if text[start - 1 : start] in (" ", "\t") else " "
    return f"{text[:start]}{space}{new}{text[end:]}"


def _insert(text: str, mapping: Any, key: str, value: str, top: bool) -> str:
    """The text with a new key at the end of a mapping."""
    entry = f"{dump(key)}: {value}"
    if mapping.flow_style:
        close = mapping.end_mark.index - 1
        at = len(text[:close].rstrip())
        comma = "" if text[at - 1] in "{," else ","
        return f"{text[:at]}{comma}{' ' if text[at - 1] != '{' else ''}{entry}{text[close:]}"
    if top:
        return _append(text, entry)
    indent = " " * mapping.start_mark.column
    end = text.find("\n", _end(mapping))
    if end < 0:
        return f"{text}\n{indent}{entry}\n"
    return f"{text[:end]}\n{indent}{entry}{text[end:]}"


def _append(text: str, entry: str) -> str:
    """The text with one more line at its end."""
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{entry}\n"


def dump(value: Any) -> str:
    """A plain value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{dump(k)}: {dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(dump(item) for item in value) + "]"
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return ".nan" if value != value else (".inf" if value > 0 else "-.inf")
    if isinstance(value, str):
        if _PLAIN_TEXT.fullmatch(value) and parse_value(value, "") == value:
            return value
        quoted = json.dumps(value, ensure_ascii=False)
        return _UNPRINTED.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)
    return json.dumps(value)
