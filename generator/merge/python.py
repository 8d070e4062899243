"""Merges Python code by statements."""

from __future__ import annotations

from lgen.merge.emit import Torn, emit
from lgen.merge.imports import settle_imports
from lgen.merge.judge import faults, faults_of_names, is_complete
from lgen.merge.normal import number
from lgen.merge.pieces import Code, read
from lgen.merge.weave import Weave

_ROUNDS = 12


def merge_python(base: str, mine: str, new: str, labels: tuple[str, str]) -> tuple[str, int] | None:
    """The merged text and the number of its conflicts, None where a text cannot be parsed."""
    try:
        codes = [read(text) for text in (base, mine, new)]
    except (SyntaxError, ValueError, RecursionError):
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
            text, conflicts = _written(weave, codes, labels)
            if conflicts:
                return text, conflicts
            found = list(faults_of_names(weave, text, mine, new))
        except (Torn, SyntaxError, ValueError):
            break
        if not found and is_complete(weave):
            return text, 0
        if not found:
            break
        weave.refused += found
    weave.refused = [{*weave.mine.events, *weave.new.events}]
    weave.run()
    return _written(weave, codes, labels)


def _written(weave: Weave, codes: list[Code], labels: tuple[str, str]) -> tuple[str, int]:
    base, mine, new = codes
    unit = mine.unit or new.unit or "    "
    lines, conflicts = emit(weave.result, unit, labels)
    ends = mine if mine.newline_at_end != base.newline_at_end else new
    return "\n".join(lines) + "\n" * ends.newline_at_end, conflicts
