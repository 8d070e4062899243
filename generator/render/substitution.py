"""Puts Jinja expressions where a template has `{{ }}` values or placeholder names."""

import json
import re
from collections.abc import Mapping

from lgen.render.statements import Position, Source, StringSpan

VALUE = re.compile(r"\{\{(.+?)\}\}")


def substitute(
    lines: list[str],
    source: Source | None,
    placeholders: frozenset[str],
    loop_placeholders: Mapping[int, set[str]],
) -> list[str]:
    """The lines with every value filtered for its place: code, string, comment or other text.

    `source` is None where the template is not Python; `loop_placeholders` are names of loop
    variables by line.
    """
    edits: list[tuple[Position, int, str]] = []  # from (line, column) to a column: the new text
    for number, text in enumerate(lines, start=1):
        for match in VALUE.finditer(text):
            start = match.start()
            place = _filter((number, start), source)
            if place == "code" and text[:start].endswith(", "):
                # an empty argument takes its comma along, which black would read as a wish
                # for one argument per line
                start -= 2
                place = "further_code"
            expression = f"\x02{{ ({match.group(1).strip()})|{place} }}\x03"
            edits.append(((number, start), match.end(), expression))
    values: dict[int, list[range]] = {}
    for (line, column), end, _ in edits:
        values.setdefault(line, []).append(range(column, end))
    for (line, column), name in source.names if source else ():
        if any(column in span for span in values.get(line, ())):
            continue
        if name in loop_placeholders.get(line, ()):
            expression = f"\x02{{ {name}|code }}\x03"
        elif name in placeholders:
            expression = f'\x02{{ placeholders["{name}"]|code }}\x03'
        else:
            continue
        edits.append(((line, column), column + len(name), expression))
    result = list(lines)
    for (line, column), end, expression in sorted(edits, reverse=True):
        text = result[line - 1]
        result[line - 1] = text[:column] + expression + text[end:]
    return result


def _filter(position: Position, source: Source | None) -> str:
    if source is None:
        return "raw"
    line, column = position
    if column >= source.comments.get(line, column + 1):
        return "in_comment"
    string = _string_at(position, source.strings)
    if string is not None:
        return f'in_string({json.dumps(string.quote)}, "{string.prefix}")'
    return "code"


def _string_at(position: Position, strings: list[StringSpan]) -> StringSpan | None:
    return next((string for string in strings if string.start <= position < string.end), None)
