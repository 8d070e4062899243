"""What an update did, in short lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lgen.commands.build import requirements_of
from lgen.output import in_few_words
from lgen.update.plan import Action, Plan
from lgen.update.prepare import Update

_WIDTH = 9


def notices(update: Update) -> list[str]:
    """What was done with the files, those that need a look in lines of their own."""
    lines: list[str] = []
    for kind, word in (
        ("replaced", "updated"),
        ("added", "added"),
        ("removed", "removed"),
        ("merged", "merged"),
    ):
        paths = [a.path for a in update.plan.actions if a.kind == kind and not a.conflicts]
        if paths:
            lines.append(_line(word, in_few_words(paths)))
    lines += [_line("rebuilt", f".lgen/base/{path}") for path in update.rebuilt]
    for action in update.plan.actions:
        if action.kind == "kept":
            lines.append(_line("kept", f"{action.path}: no longer needed, but you have edited it"))
    if deleted := [a.path for a in update.plan.actions if a.kind == "deleted"]:
        stays = "it stays" if len(deleted) == 1 else "they stay"
        lines.append(_line("deleted", f"{in_few_words(deleted)}: by you, and so {stays}"))
    if missing := _requirements_to_add(update):
        lines.append(_line("add", f"to your pyproject.toml: {', '.join(missing)}"))
    lines += [_line("CONFLICT", f"{path}: {why}") for path, why in conflicts(update.plan.actions)]
    return lines


def conflicts(actions: Sequence[Action]) -> list[tuple[str, str]]:
    """The paths that need a decision of the user, and which."""
    found: list[tuple[str, str]] = []
    for action in actions:
        if action.conflicts:
            found.append(
                (
                    action.path,
                    f"{_lines_of_markers(action.text or '')}; settle what stands "
                    "between <<<<<<< and >>>>>>>, then lgen check",
                )
            )
        elif action.kind == "taken":
            told = "yours is in the place of lgen's; rename it, then lgen update"
            found.append((action.path, told))
    return found


def _lines_of_markers(text: str) -> str:
    """Where the conflicts of a text begin."""
    lines = enumerate(text.split("\n"), start=1)
    numbers = [str(number) for number, line in lines if line.startswith("<<<<<<< ")]
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    return f"lines {', '.join(numbers[:-1])} and {numbers[-1]}"


def has_conflicts(plan: Plan) -> bool:
    """Whether the user has to decide something."""
    return bool(conflicts(plan.actions))


def _requirements_to_add(update: Update) -> list[str]:
    """The packages that the project needs and that a pyproject.toml of the user's does not name."""
    path = "pyproject.toml"
    file = update.mine.get(path)
    if path not in update.state.kept or file is None or file.text is None:
        return []
    return [
        needed
        for needed in requirements_of(update.new[path])
        if not re.search(rf"\b{re.escape(re.split('[<>=]', needed)[0])}\b", file.text)
    ]


def _line(word: str, text: str) -> str:
    return f"{word:{_WIDTH}} {text}"
