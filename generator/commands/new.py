"""`lgen new`: a project in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lgen.commands.build import Build, build, with_values
from lgen.lgen_folder import SPEC_FILE, with_schema_line
from lgen.spec.fault import Fault
from lgen.starters import lay_out
from lgen.write import is_free, moved_into_place, write_files


class _Stop(Exception):
    """Faults that end the making of a project."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


def new(
    name: str,
    starter: str,
    settings: Sequence[str],
    answers: Mapping[str, str],
    *,
    ask: bool,
    trust: bool,
) -> Build | list[Fault]:
    """The project that was made in the folder `name`, or why there is none.

    Raises OSError where it cannot be written; then, too, nothing is left behind.
    """
    target = Path(os.path.abspath(name))
    if fault := _target_fault(name, target):
        return [fault]
    try:
        with moved_into_place(target) as folder:
            return _fill(folder, starter, settings, answers, ask=ask, trust=trust)
    except _Stop as stop:
        return stop.faults


def _target_fault(name: str, target: Path) -> Fault | None:
    """What is wrong with the folder to make."""
    if not name or not target.name:
        return Fault(repr(name), None, "this names no folder")
    if "\0" in name or not name.isprintable():
        return Fault(repr(name), None, "a folder's name is made of printable characters")
    above = next(part for part in [target, *target.parents] if os.path.lexists(part))
    if above != target and not above.is_dir():
        return Fault(name, None, f"{above} is not a folder")
    if not is_free(target):
        kind = "the folder is not empty" if target.is_dir() else "there is a file of this name"
        return Fault(name, None, f"{kind}; give another name, or run `lgen init` in it")
    return None


def _fill(
    folder: Path,
    starter: str,
    settings: Sequence[str],
    answers: Mapping[str, str],
    *,
    ask: bool,
    trust: bool,
) -> Build:
    """The starter's files and the generated ones, in the folder; raises _Stop."""
    from lgen.spec.read import read_text

    if fault := lay_out(starter, folder, answers, ask=ask, trust=trust):
        raise _Stop([fault])
    starter_text = read_text(folder / SPEC_FILE)
    if isinstance(starter_text, Fault):
        raise _Stop([starter_text])
    spec_text = with_values(with_schema_line(starter_text), settings)
    if isinstance(spec_text, list):
        raise _Stop(spec_text)
    built = build(folder, spec_text, settings)
    if isinstance(built, list):
        raise _Stop(built)
    write_files(folder, built.files | {SPEC_FILE: spec_text})
    return built
