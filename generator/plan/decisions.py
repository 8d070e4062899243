"""What one subject of a spec decides about the emitted text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lgen.render.values import Code, literal


@dataclass(frozen=True)
class Decisions:
    """What a template asks for by name.

    `flags` answer its conditions, `names` replace its placeholders (Python text), `values` fill its
    double braces.
    """

    flags: Mapping[str, bool] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


def merge(parts: Iterable[Decisions]) -> Decisions:
    """All decisions in one; raises ValueError where two subjects decide the same name."""
    flags: dict[str, bool] = {}
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    for part in parts:
        for whole, own in ((flags, part.flags), (names, part.names), (values, part.values)):
            if twice := whole.keys() & own.keys():
                raise ValueError(f"decided twice: {', '.join(sorted(twice))}")
            whole.update(own)  # type: ignore[arg-type]
    if twice := flags.keys() & values.keys():
        raise ValueError(f"flag and value: {', '.join(sorted(twice))}")
    return Decisions(flags, names, values)


def arguments(*positional: str, **keywords: str) -> Code:
    """An argument list as Python text, from texts; empty positional ones are left out."""
    given = [text for text in positional if text]
    return Code(", ".join(given + [f"{name}={text}" for name, text in keywords.items()]))


__all__ = ["Code", "Decisions", "arguments", "literal", "merge"]
