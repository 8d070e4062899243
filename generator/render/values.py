"""How values of the context become text: in code, in strings, in comments and in other files."""

import ast
import json
import math
import shlex
from collections.abc import Callable
from typing import Any

from jinja2 import StrictUndefined


class Code(str):
    """Python code that the caller vouches for, emitted as it is."""


# what a plain string of the context may be made of where Python code is expected: no call, so
# that text which slipped through from a spec cannot run anything
PLAIN_CODE = (
    ast.Attribute,
    ast.BinOp,
    ast.BitOr,
    ast.Constant,
    ast.Dict,
    ast.List,
    ast.Load,
    ast.Name,
    ast.Set,
    ast.Slice,
    ast.Starred,
    ast.Subscript,
    ast.Tuple,
    ast.UAdd,
    ast.USub,
    ast.UnaryOp,
    ast.keyword,
)


def literal(value: object) -> Code:
    """The Python literal that equals `value`, in double quotes where that needs no escape.

    Takes None, bool, int, float, str and lists, tuples, dicts and sets of them; raises ValueError
    for anything else.
    """
    if isinstance(value, StrictUndefined):
        str(value)  # raises the error that names it
    if value is None or isinstance(value, bool):
        return Code(repr(value))
    if isinstance(value, str):
        return Code(_string_literal(value))
    if isinstance(value, int):
        return Code(int.__repr__(value))
    if isinstance(value, float):
        return Code(float.__repr__(value) if math.isfinite(value) else f'float("{value}")')
    if isinstance(value, list):
        return Code("[" + ", ".join(map(literal, value)) + "]")
    if isinstance(value, tuple):
        return Code("(" + ", ".join(map(literal, value)) + (",)" if len(value) == 1 else ")"))
    if isinstance(value, (set, frozenset)) and value:
        return Code("{" + ", ".join(sorted(map(literal, value))) + "}")
    if isinstance(value, dict):
        items = (f"{literal(key)}: {literal(entry)}" for key, entry in value.items())
        return Code("{" + ", ".join(items) + "}")
    raise ValueError(f"{type(value).__name__} {value!r} has no literal")


def _string_literal(value: str) -> str:
    text = str.__repr__(value)
    # repr takes single quotes where it can; then the text holds none that it had to escape
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in value else text


def code(value: object) -> str:
    """`value` as Python code: numbers as literals, strings only if they are names, types,
    literals or arguments made of these (pass `Code` for anything else).

    Raises ValueError for a string that holds a call, an operator, a comment or a line break.
    """
    if isinstance(value, Code):
        return value
    if not isinstance(value, str):
        return literal(value)
    if not _is_plain_code(value):
        raise ValueError(f"{value!r} is no plain name, type or argument list; use `| literal`")
    return value


def further_code(value: object) -> str:
    """`value` as code behind a comma and a space, nothing if it is empty."""
    text = code(value)
    return f", {text}" if text else ""


def _is_plain_code(text: str) -> bool:
    if "\n" in text or "\r" in text:
        return False
    try:
        call = ast.parse(f"f({text})", mode="eval").body
    except (SyntaxError, ValueError):
        return False
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.end_col_offset == len(f"f({text})".encode())
        and all(
            isinstance(node, PLAIN_CODE)
            for argument in [*call.args, *call.keywords]
            for node in ast.walk(argument)
        )
    )


def in_string(value: object, quote: str, prefix: str) -> str:
    """The text of `value` for the inside of a Python string with these quotes and this prefix.

    Raises ValueError where a raw or bytes string cannot hold it.
    """
    text = str(value)
    escaped = "".join(
        _escaped(character, text[max(index - 1, 0) : index + 2], quote)
        for index, character in enumerate(text)
    )
    if "f" in prefix:
        escaped = escaped.replace("{", "{{").replace("}", "}}")
    if ("r" in prefix and escaped != text) or ("b" in prefix and not text.isascii()):
        raise ValueError(f"a string with the prefix {prefix} cannot hold {text!r}")
    return escaped


def _escaped(character: str, neighbourhood: str, quote: str) -> str:
    if character == "\\":
        return "\\\\"
    if character == "\n" and len(quote) == 3:
        return character
    if character == quote[0]:
        # in a triple-quoted string a quote between other characters closes nothing
        alone = len(neighbourhood) == 3 and neighbourhood.count(character) == 1
        return character if len(quote) == 3 and alone else "\\" + character
    return character if character.isprintable() else repr(character)[1:-1]


def in_comment(value: object) -> str:
    """The text of `value` on one line, for a comment."""
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in str(value)
    )


def raw(value: object) -> str:
    """The text of `value` for a file that is not Python."""
    return _text(value)


def quoted(value: object) -> str:
    """`value` as a double-quoted string that JSON, TOML and YAML read alike."""
    text = json.dumps(str(value), ensure_ascii=False)
    return "".join(
        (
            f"\\u{ord(character):04x}"
            if not character.isprintable() and character < "\uffff"
            else character
        )
        for character in text
    )


def shell(value: object) -> str:
    """`value` as one word of a POSIX shell."""
    return shlex.quote(_text(value))


def flag(value: object, name: str) -> bool:
    """`value` itself, a bool; raises ValueError for anything else, so that no 0 or None decides."""
    if isinstance(value, StrictUndefined):
        str(value)
    if not isinstance(value, bool):
        raise ValueError(f"the condition {name} is {value!r}, not a bool")
    return value


def _text(value: object) -> str:
    # these two characters delimit the tags of layout; everywhere else they are escaped anyway
    return str(value).replace("\x02", "\\x02").replace("\x03", "\\x03")


FILTERS: dict[str, Callable[..., Any]] = {
    "code": code,
    "flag": flag,
    "further_code": further_code,
    "in_comment": in_comment,
    "in_string": in_string,
    "literal": literal,
    "quoted": quoted,
    "raw": raw,
    "shell": shell,
}
