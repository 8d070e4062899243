"""From the base, the user's files and the new ones to what is done with each; touches no disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from lgen.project_state import has_markers
from lgen.spec.fault import Fault
from lgen.user_file import UserFile

Kind = Literal[
    "same",  # stays as it is on the disk
    "replaced",  # unedited: the new text
    "merged",  # edited: the edits and the new text, with markers where they conflict
    "added",
    "removed",
    "kept",  # no longer generated, but edited
    "deleted",  # by the user, and so it stays
    "taken",  # lgen would add a file where the user has one
]


@dataclass(frozen=True)
class Action:
    """What is done with one path: the text to write, if any, and the base that it then has."""

    path: str
    kind: Kind
    text: str | None = None
    base: str | None = None
    conflicts: int = 0


@dataclass(frozen=True)
class Plan:
    """The actions by path; what stands in their way: `marked` files hold conflict markers."""

    actions: tuple[Action, ...]
    faults: tuple[Fault, ...] = ()
    marked: tuple[str, ...] = ()

    @property
    def base(self) -> dict[str, str]:
        """The base texts once the actions are done."""
        return {action.path: action.base for action in self.actions if action.base is not None}


def plan_update(
    base: Mapping[str, str],
    mine: Mapping[str, UserFile | None],
    new: Mapping[str, str],
    kept: Iterable[str] = (),
) -> Plan:
    """What is done with each path of the base and of the new files.

    `mine` are the user's files at these paths, `kept` the paths that are the user's alone.
    """
    own = set(kept)
    actions: list[Action] = []
    faults: list[Fault] = []
    marked: list[str] = []
    for path in sorted((base.keys() | new.keys()) - own):
        file = mine.get(path)
        if file is not None and path in base and has_markers(file.text or ""):
            marked.append(path)
            continue
        action = _action(path, base.get(path), file, new.get(path))
        if isinstance(action, Fault):
            faults.append(action)
        else:
            actions.append(action)
    return Plan(tuple(actions), tuple(faults), tuple(marked))


def _action(path: str, base: str | None, file: UserFile | None, new: str | None) -> Action | Fault:
    """What is done with one path."""
    if new is None:
        return _dropped(path, base, file)
    if base is None:
        if file is None:
            return Action(path, "added", new, new)
        if file.text == new:
            return Action(path, "same", base=new)
        return Action(path, "taken")
    if file is None:
        return Action(path, "deleted", base=new)
    if file.text == new or new == base:
        return Action(path, "same", base=new)
    if file.text == base:
        return Action(path, "replaced", new, new)
    if file.text is None:
        assert file.unreadable is not None
        return file.unreadable
    from lgen.merge import merge  # many commands merge nothing

    merged = merge(base, file.text, new, python=path.endswith(".py"))
    if merged.text == file.text:
        return Action(path, "same", base=new, conflicts=merged.conflicts)
    return Action(path, "merged", merged.text, new, merged.conflicts)


def _dropped(path: str, base: str | None, file: UserFile | None) -> Action:
    """What is done with a path that is no longer generated."""
    if file is None:
        return Action(path, "same")
    if file.text == base and not file.is_link:
        return Action(path, "removed")
    return Action(path, "kept", base=base)
