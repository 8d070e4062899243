"""`lgen check`: whether the project is what its spec, its code and this lgen say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lgen import __version__
from lgen.commands.update import Refused, project
from lgen.journal import JOURNAL, interrupted
from lgen.lgen_folder import SPEC_FILE
from lgen.project import project_files
from lgen.project_state import State
from lgen.spec.fault import Fault
from lgen.update.notices import conflicts
from lgen.update.plan import Action
from lgen.update.prepare import Update, base_faults, prepare

FileState = Literal["edited", "stale", "model changed", "interrupted", "conflict"]
_WIDTH = 14


@dataclass(frozen=True)
class Finding:
    """What is to say about one file."""

    state: FileState
    path: str
    why: str

    def __str__(self) -> str:
        """The finding as it is printed."""
        return f"{self.state:{_WIDTH}}{self.path}: {self.why}"

    @property
    def is_drift(self) -> bool:
        """Whether there is something to do; an edit alone is none."""
        return self.state != "edited"


def check(root: Path) -> list[Finding] | Refused:
    """What is to say about the project's files; nothing is changed, nor finished."""
    if interrupted(root):
        told = "an update was interrupted; any other lgen command finishes it or takes it back"
        return [Finding("interrupted", JOURNAL, told)]
    found = project(root)
    if isinstance(found, Fault):
        return Refused([found])
    state, spec = found
    assert spec.text is not None
    if faults := base_faults(root, state):
        return [Finding("conflict", fault.file, fault.message) for fault in faults]
    update = prepare(root, state, spec, spec.text)
    if isinstance(update, list):
        return Refused(update)
    return list(_findings(root, update))


def as_json(findings: list[Finding]) -> dict[str, Any]:
    """The findings as plain values."""
    rows = [{"path": f.path, "state": f.state, "why": f.why} for f in findings]
    return {"drift": any(f.is_drift for f in findings), "files": rows}


def faults_as_json(refused: Refused) -> dict[str, Any]:
    """Why nothing can be said, as plain values."""
    return {"faults": [{"file": f.file, "line": f.line, "why": f.message} for f in refused.faults]}


def _findings(root: Path, update: Update) -> Iterator[Finding]:
    """The findings, by path."""
    for path in update.plan.marked:
        yield Finding("conflict", path, "conflict markers are left in it")
    taken = {action.path for action in update.plan.actions if action.kind == "taken"}
    for path, why in conflicts(update.plan.actions):
        if path in taken:
            yield Finding("conflict", path, why)
    unreadable = {fault.file for fault in update.plan.faults}
    behind = {action.path: action for action in update.plan.actions if _is_behind(action)}
    if behind or unreadable:
        causes = _Causes(root, update)
        for path in sorted({*behind, *unreadable}):
            yield causes.finding(path)
    for path, base in sorted(update.base.items()):
        if path in update.state.kept or path in update.plan.marked:
            continue
        file = update.mine[path]
        if file is None and path in update.new:
            yield Finding("edited", path, "deleted by you")
        elif file is not None and file.text != base:
            dropped = path not in update.new
            why = "no longer needed, and kept" if dropped else "by you"
            if file.unreadable is not None:
                why = f"by you; {file.unreadable.message}"
            yield Finding("edited", path, why)


def _is_behind(action: Action) -> bool:
    """Whether an update would change the file."""
    return action.kind in ("replaced", "merged", "added", "removed")


class _Causes:
    """Tells why files are behind: the spec, the user's code, or another lgen wrote them."""

    def __init__(self, root: Path, update: Update) -> None:
        self.update = update
        self.keys = changed_keys(update.state, update.spec_text)
        self.before = update.new
        if update.spec_text != update.state.spec_text:
            rendered = project_files(root, update.state.spec_text)
            # where the recorded spec no longer fits the code, all is put down to the spec
            self.before = update.base if isinstance(rendered, list) else rendered

    def finding(self, path: str) -> Finding:
        """The finding of a file that an update would change."""
        if self.before.get(path) == self.update.base.get(path):
            keys = ", ".join(self.keys) or "its text"
            return Finding("stale", path, f"{SPEC_FILE} has changed since ({keys}); lgen update")
        if self.update.state.version != __version__:
            told = f"lgen {self.update.state.version} wrote it, this is {__version__}; lgen update"
            return Finding("stale", path, told)
        told = "your code has changed what the script needs; lgen update"
        return Finding("model changed", path, told)


def changed_keys(state: State, spec_text: str) -> list[str]:
    """The options that differ between the recorded spec and another, by dotted key."""
    from lgen.spec.document import Document, parse

    before, after = (parse(text, SPEC_FILE) for text in (state.spec_text, spec_text))
    if not isinstance(before, Document) or not isinstance(after, Document):
        return []
    old, new = _flat(before.values), _flat(after.values)
    missing = object()
    keys = [*new, *(key for key in old if key not in new)]
    return [key for key in keys if old.get(key, missing) != new.get(key, missing)]


def _flat(values: dict[str, Any], around: str = "") -> dict[str, Any]:
    """The values by dotted key."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{around}{key}.")
        else:
            flat[f"{around}{key}"] = value
    return flat
