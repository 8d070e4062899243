"""Changing many files so that a process that is killed leaves each of them whole.

All that is to be done is written into a journal first. From then on the changes are made, by this
process or, if it is killed, by the next one; before, none is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import EINVAL, ESTALE, EWOULDBLOCK
from pathlib import Path

from lgen.durable import beside, bytes_of, put, remove_empty, sync, write_beside
from lgen.lgen_folder import BASE, FOLDER
from lgen.user_file import decoded
from lgen.write import locked

JOURNAL = f"{FOLDER}/journal.json"
_DRAFT = f"{JOURNAL}.new"


@dataclass(frozen=True)
class Change:
    """One file: its bytes before and after, None where there is none, and its mode before."""

    path: str
    old: bytes | None
    new: bytes | None
    mode: int | None = None


def write_changes(root: Path, changes: Sequence[Change]) -> None:
    """Makes all changes below `root`, or none.

    Raises OSError where that cannot be done, also while another process does the same.
    """
    if not changes:
        return
    (root / FOLDER).mkdir(exist_ok=True)
    try:
        _write_changes(root, changes)
    except BaseException:
        _remove_empty_folder(root)
        raise


def _write_changes(root: Path, changes: Sequence[Change]) -> None:
    with _alone(root):
        for change in changes:
            if bytes_of(_target(root, change)) != change.old:
                told = "this has just been changed by someone else; run lgen again"
                raise OSError(ESTALE, told, change.path)
        try:
            _write_draft(root, changes)
        except BaseException:
            with suppress(OSError):
                (root / _DRAFT).unlink(missing_ok=True)
            raise
        try:
            _make(root, changes)
        except BaseException:
            _take_back(root, changes)
            raise


def interrupted(root: Path) -> bool:
    """Whether a process that is gone left changes half done in this folder."""
    if not any(os.path.lexists(root / path) for path in (JOURNAL, _DRAFT)):
        return False
    lock = locked(root / FOLDER)
    if lock is not None:
        os.close(lock)
    return lock is not None or os.name != "posix"


def recover(root: Path) -> list[str]:
    """Finishes or takes back what a process that is gone left half done; says so in lines.

    Raises OSError where that cannot be done.
    """
    with _alone(root):
        if not os.path.lexists(root / JOURNAL):
            (root / _DRAFT).unlink(missing_ok=True)
            _remove_empty_folder(root)
            return ["What an interrupted lgen had begun is taken back; no file had changed."]
        changes = _read_journal(root)
        lines = ["What an interrupted lgen had begun is now done."]
        left = [_after_edit(root, change) for change in changes]
        lines += [line for _, line in left if line]
        _make(root, [change for change, _ in left if change is not None])
        return lines


def _after_edit(root: Path, change: Change) -> tuple[Change | None, str]:
    """The change of a file that may have been changed since, and what is to say about it."""
    found = bytes_of(root / change.path)
    if found in (change.old, change.new) or change.path.startswith(f"{FOLDER}/"):
        return change, ""
    edited = f"{change.path}: edited since, and"
    if found is None or change.old is None or change.new is None:
        return None, f"{edited} left as it is; look at `lgen diff --mine`"
    from lgen.merge import merge

    try:
        (old, _), (mine, form), (new, _) = map(decoded, (change.old, found, change.new))
    except UnicodeDecodeError:
        return None, f"{edited} left as it is; look at `lgen diff --mine`"
    merged = merge(old, mine, new, python=change.path.endswith(".py"))
    told = f"with {merged.conflicts} conflicts" if merged.conflicts else "merged"
    return Change(change.path, found, form.encoded(merged.text), change.mode), f"{edited} {told}"


def _remove_empty_folder(root: Path) -> None:
    """Removes a .lgen that was made for a project that did not come to be."""
    with suppress(OSError):
        (root / FOLDER).rmdir()


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keeps other processes from changing the project; raises OSError where one is doing so."""
    folder = root / FOLDER
    lock = locked(folder)
    if lock is None and os.name == "posix":
        raise OSError(EWOULDBLOCK, "another lgen is changing this project", FOLDER)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _write_draft(root: Path, changes: Sequence[Change]) -> None:
    """Writes the journal; it is there whole or not at all."""
    rows = [
        {
            "path": change.path,
            "old": _as_text(change.old),
            "new": _as_text(change.new),
            "mode": change.mode,
        }
        for change in changes
    ]
    with (root / _DRAFT).open("wb") as stream:
        put(stream.fileno(), json.dumps(rows).encode("ascii"), _DRAFT)
    sync([root / _DRAFT])
    (root / _DRAFT).replace(root / JOURNAL)
    sync([root / FOLDER])


def _read_journal(root: Path) -> list[Change]:
    """The changes of the journal; raises OSError where it is none of lgen's."""
    try:
        changes = [
            Change(row["path"], _as_bytes(row["old"]), _as_bytes(row["new"]), row["mode"])
            for row in json.loads((root / JOURNAL).read_bytes())
        ]
        inside = [_target(root, change).parent.resolve() for change in changes]
    except (ValueError, TypeError, KeyError, AttributeError):
        inside = [Path("/")]
    if not all(folder.is_relative_to(root.resolve()) for folder in inside):
        raise OSError(EINVAL, "this is no journal of lgen; remove it", JOURNAL)
    return changes


def _as_text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "surrogateescape")


def _as_bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _make(root: Path, changes: Sequence[Change]) -> None:
    """Makes the changes that are not yet made, and forgets the journal."""
    files = [(_target(root, change), change) for change in changes]
    todo = [(file, change) for file, change in files if bytes_of(file) != change.new]
    for file, change in todo:
        if change.new is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_beside(file, change.new, change.mode)
    # a base that the disk has lost is seen by its hash, and rebuilt
    lasting = [(file, change) for file, change in todo if not change.path.startswith(BASE)]
    sync(beside(file) for file, change in lasting if change.new is not None)
    for file, change in todo:
        if change.new is not None:
            beside(file).replace(file)
        else:
            file.unlink()
            remove_empty(root, file.parent)
    for file, _ in files:
        beside(file).unlink(missing_ok=True)
    sync({file.parent for file, _ in lasting if file.parent.is_dir()})
    (root / JOURNAL).unlink()
    sync([root / FOLDER])


def _take_back(root: Path, changes: Sequence[Change]) -> None:
    """Makes everything as it was, or leaves the journal for the next process to finish."""
    with suppress(OSError):
        for change in changes:
            file = _target(root, change)
            beside(file).unlink(missing_ok=True)
            if bytes_of(file) == change.old:
                pass
            elif change.old is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                write_beside(file, change.old, change.mode)
                sync([beside(file)])
                beside(file).replace(file)
            remove_empty(root, file.parent)
        (root / JOURNAL).unlink()


def _target(root: Path, change: Change) -> Path:
    """The file that a change is about; of a link, the file that it leads to."""
    file = root / change.path
    if change.new is not None and file.is_symlink():
        return file.resolve()
    return file
