"""`lgen diff`: what an update or an option would change, or what the user has changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lgen.commands.update import Refused, marked, prepared_update
from lgen.lgen_folder import SPEC_FILE
from lgen.text_diff import unified
from lgen.update.prepare import Update
from lgen.user_file import UserFile


def diff(
    root: Path, settings: Sequence[str] = (), only: Sequence[str] = (), *, mine: bool = False
) -> list[str] | Refused:
    """The lines of a diff in the folder's project: of `mine` from the base to the user's files,
    else from these to what an update writes, with each `key=value` set in the spec first.

    `only` names the files and folders to show.
    """
    update = prepared_update(root, settings)
    if isinstance(update, Refused):
        return update
    if mine:
        return _joined(_of_users_edits(update), only)
    if update.plan.marked:
        return marked(root, update.plan.marked)
    if update.plan.faults:
        return Refused(list(update.plan.faults))
    return _joined(_of_update(update), only)


def _of_users_edits(update: Update) -> Iterable[tuple[str, list[str]]]:
    """By path, from what lgen wrote to what is there now."""
    for path, base in update.base.items():
        if path not in update.state.kept:
            yield path, _diff(path, base, update.mine[path])


def _of_update(update: Update) -> Iterable[tuple[str, list[str]]]:
    """By path, from what is there now to what an update writes."""
    yield SPEC_FILE, unified(SPEC_FILE, update.spec.text, update.spec_text)
    for action in update.plan.actions:
        file = update.mine[action.path]
        if action.text is not None or action.kind == "removed":
            yield action.path, unified(action.path, file.text if file else None, action.text)
        elif action.kind == "taken":
            yield action.path, [f"# {action.path}: yours is in the place of lgen's"]


def _diff(path: str, base: str, file: UserFile | None) -> list[str]:
    if file is not None and file.text is None:
        return [f"# {file.unreadable}"]
    return unified(path, base, file.text if file else None)


def _joined(parts: Iterable[tuple[str, list[str]]], only: Sequence[str]) -> list[str]:
    """The lines of all diffs of the named files and folders, by path."""
    names = [name.removeprefix("./").rstrip("/") for name in only]
    return [
        line
        for path, lines in sorted(parts)
        for line in lines
        if not names or any(path == name or path.startswith(f"{name}/") for name in names)
    ]
