"""Carries the origins of lines over to the text that the formatter made of them.

The formatter keeps the sequence of tokens, but for commas, semicolons and brackets that group,
and the sequence of comments; so the n-th token of the one text is the n-th of the other.
"""

import io
import tokenize
from dataclasses import dataclass, field

from lgen.render.layout import Line, Origin

LAYOUT = {
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@dataclass
class _Tokens:
    """The tokens that stay, as (first line, last line), and the pairs of round brackets."""

    code: list[tuple[int, int]] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    # (tokens before the opening, tokens before the closing bracket) -> their lines
    brackets: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)


def _read(text: str) -> _Tokens:
    tokens = _Tokens()
    opened: list[tuple[int, int]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        span = (token.start[0], token.end[0])
        if token.type in LAYOUT or token.string in (",", ";"):
            continue
        if token.type == tokenize.COMMENT:
            tokens.comments.append(span)
        elif token.string == "(":
            opened.append((len(tokens.code), span[0]))
        elif token.string == ")":
            at, line = opened.pop()
            tokens.brackets[at, len(tokens.code)] = (line, span[0])
        else:
            tokens.code.append(span)
    return tokens


def formatted_origins(lines: list[Line], text: str) -> list[tuple[Origin, ...]]:
    """For each line of the formatted `text` the origins of what stands in it; `lines` are the
    lines before formatting."""
    before, after = _read("".join(line.text + "\n" for line in lines)), _read(text)
    numbers: list[list[int]] = [[] for _ in text.split("\n")[:-1]]
    for old, new in (
        *zip(before.code, after.code, strict=True),
        *zip(before.comments, after.comments, strict=True),
    ):
        for step, line in enumerate(range(new[0], new[1] + 1)):
            # a string of several lines may lose its last one, which held only its quotes
            numbers[line - 1].append(min(old[0] + step, old[1]))
    for place, (opening, closing) in after.brackets.items():
        # a line with nothing but a bracket; one that the formatter put there is of the line
        # that it closes
        if not numbers[closing - 1] and closing != opening:
            old_pair = before.brackets.get(place)
            numbers[closing - 1] = [old_pair[1]] if old_pair else list(numbers[opening - 1])
    return [_origins(lines, of_line) for of_line in numbers]


def _origins(lines: list[Line], numbers: list[int]) -> tuple[Origin, ...]:
    return tuple(dict.fromkeys(lines[number - 1].origin for number in sorted(numbers)))
