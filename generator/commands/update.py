"""`lgen update` and `lgen set`: the generated files follow their spec, merged with the edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from lgen.journal import write_changes
from lgen.project_state import State, read_state
from lgen.spec.fault import Fault, setting_text
from lgen.update.notices import has_conflicts, notices
from lgen.update.prepare import Update, changes, prepare, read_spec, refusals
from lgen.user_file import UserFile


@dataclass(frozen=True)
class Updated:
    """What was done, in lines, and whether conflicts are left."""

    lines: list[str]
    conflicts: bool


@dataclass(frozen=True)
class Refused:
    """Why nothing was done; `marked` where all of it is conflict markers that are left."""

    faults: list[Fault]
    marked: bool = False


def update(root: Path, settings: Sequence[str] = (), *, rebuild: bool = False) -> Updated | Refused:
    """Brings the project to its spec, in which each `key=value` is set first.

    Either all files are written, or none is and Refused says why. Raises OSError where a file
    cannot be written; then, too, all is as it was.
    """
    prepared = prepared_update(root, settings, rebuild=rebuild)
    if isinstance(prepared, Refused):
        return prepared
    if prepared.plan.marked:
        return marked(root, prepared.plan.marked)
    written = changes(root, prepared)
    if faults := refusals(root, prepared, written):
        return Refused(faults)
    write_changes(root, written)
    lines = notices(prepared)
    if not written:
        lines.append("Nothing to do: lgen.yaml asks for nothing new.")
    elif not lines:
        lines.append("No file changes but .lgen.")
    return Updated(lines, has_conflicts(prepared.plan))


def prepared_update(
    root: Path, settings: Sequence[str] = (), *, rebuild: bool = False
) -> Update | Refused:
    """What an update would do, with each `key=value` set in the spec; nothing is written."""
    found = project(root)
    if isinstance(found, Fault):
        return Refused([found])
    state, spec = found
    assert spec.text is not None
    spec_text = spec.text
    given: Mapping[str, str] = MappingProxyType({})
    if settings:
        from lgen.commands.build import with_values

        changed = with_values(spec.text, settings)
        if isinstance(changed, list):
            return Refused(as_typed(changed))
        spec_text = changed
        given = MappingProxyType({s.partition("=")[0]: setting_text(s) for s in settings})
    prepared = prepare(root, state, spec, spec_text, given, rebuild=rebuild)
    return Refused(as_typed(prepared)) if isinstance(prepared, list) else prepared


def marked(root: Path, paths: Sequence[str]) -> Refused:
    """The refusal of files in which conflict markers are left."""
    told = "conflict markers are left in it; resolve them and run lgen again"
    if any((folder / ".git").exists() for folder in [root.resolve(), *root.resolve().parents]):
        told += ", or go back to what is committed with `git restore .`"
    return Refused([Fault(path, None, told) for path in paths], marked=True)


def project(root: Path) -> tuple[State, UserFile] | Fault:
    """What lgen wrote last in this folder, and the spec as it is now."""
    state = read_state(root)
    if isinstance(state, Fault):
        return state
    spec = read_spec(root)
    return spec if isinstance(spec, Fault) else (state, spec)


def as_typed(faults: list[Fault]) -> list[Fault]:
    """The faults of settings as `lgen set` was given them, without a flag."""
    return [
        replace(
            fault,
            file=fault.file.removeprefix("--set "),
            message=fault.message.replace("write --set key=value", "write key=value"),
        )
        for fault in faults
    ]
