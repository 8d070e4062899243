"""Merges Python code by statements."""

from __future__ import annotations

from typing import Literal

from lgen.merge.compiled import refused_by_python
from lgen.merge.emit import Torn, emit
from lgen.merge.imports import settle_imports
from lgen.merge.judge import faults, is_complete
from lgen.merge.normal import number
from lgen.merge.pieces import Code, read
from lgen.merge.undefined import faults_of_names
from lgen.merge.weave import Result, Weave

_ROUNDS = 12
SIDES: tuple[Literal["mine", "new"], ...] = ("mine", "new")


def merge_python(base: str, mine: str, new: str, labels: tuple[str, str]) -> tuple[str, int] | None:
    """The merged text and the number of its conflicts, None where a text cannot be parsed.

    Form feeds, which count as no indentation, and carriage returns, which end a line for Python
    alone, are left to a merge by lines as well.
    """
    if any(sign in text for text in (base, mine, new) for sign in "\f\r"):
        return None
    try:
        codes = [read(text) for text in (base, mine, new)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    settle_imports(*codes)
    number(*(code.pieces for code in codes))
    weave = Weave(*(code.pieces for code in codes))
    for _ in range(_ROUNDS):
        weave.run()
        if found := [fault for fault in faults(weave) if fault - weave.in_conflict]:
            weave.refused += found
            continue
        try:
            written = _written(weave.result, codes, labels)
            resolved = _resolved(weave.result)
            found = list(faults_of_names(weave, resolved, mine, new))
            found = found or list(refused_by_python(weave, resolved, mine, new))
        except (Torn, SyntaxError, ValueError):
            break
        found = [fault for fault in found if fault - weave.in_conflict]
        if not found and (written[1] or is_complete(weave)):
            return written
        if not found:
            break
        weave.refused += found
    weave.refused = [{*weave.mine.events, *weave.new.events}]
    weave.run()
    return _written(weave.result, codes, labels)


def _resolved(result: Result) -> list[str]:
    """The text, or where it has conflicts the two texts that take one side of each."""
    taken = [emit(result, "    ", ("", ""), take)[0] for take in SIDES]
    return ["\n".join(lines) + "\n" for lines in taken]


def _written(result: Result, codes: list[Code], labels: tuple[str, str]) -> tuple[str, int]:
    base, mine, new = codes
    unit = mine.unit or new.unit or "    "
    lines, conflicts = emit(result, unit, labels)
    ends = mine if mine.newline_at_end != base.newline_at_end else new
    return "\n".join(lines) + "\n" * ends.newline_at_end, conflicts
