"""A file of the project as it lies on the disk: its text, line ends, mode, and where it leads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISREG, S_IWUSR

from lgen.spec.fault import Fault

_BOM = "\ufeff"


@dataclass(frozen=True)
class Form:
    """The line ends of a text file, and whether a byte order mark stands before its text."""

    crlf: bool
    bom: bool

    def encoded(self, text: str) -> bytes:
        """A text with plain line ends as bytes in this form."""
        if self.crlf:
            text = text.replace("\n", "\r\n")
        return ((_BOM if self.bom else "") + text).encode("utf-8")


def decoded(data: bytes) -> tuple[str, Form]:
    """The text of a file with plain line ends, and its form; raises UnicodeDecodeError."""
    text = data.decode("utf-8")
    bom = text.startswith(_BOM)
    crlf = "\n" in text and text.count("\n") == text.count("\r\n")
    text = text.removeprefix(_BOM)
    return text.replace("\r\n", "\n") if crlf else text, Form(crlf, bom)


@dataclass(frozen=True)
class UserFile:
    """A file that is there.

    `text` has plain line ends, and is None for what is no UTF-8 text; `unreadable` is the fault of
    that, `unwritable` the fault of a file that must stay as it is.
    """

    path: str
    data: bytes
    mode: int
    text: str | None
    form: Form
    is_link: bool
    unreadable: Fault | None
    unwritable: Fault | None

    def encoded(self, text: str) -> bytes:
        """A new text as bytes, with the line ends and the mark that the file has."""
        return self.form.encoded(text)


def read_user_file(root: Path, path: str) -> UserFile | None:
    """The file of the project, None where there is nothing.

    A folder, a pipe or a link that leads nowhere is a file without a text.
    """
    file = root / path
    if not os.path.lexists(file):
        return None
    is_link = file.is_symlink()
    try:
        status = file.stat()
        if not S_ISREG(status.st_mode):
            kind = "a folder" if S_ISDIR(status.st_mode) else "no regular file"
            return _without_text(path, is_link, f"{kind} stands where lgen would write a file")
        data = file.read_bytes()
    except OSError as error:
        what = "a link that leads nowhere" if is_link else f"it cannot be read: {error.strerror}"
        return _without_text(path, is_link, what)
    unwritable = _unwritable(root, path, status.st_mode)
    unreadable: Fault | None = None
    text: str | None = None
    form = Form(crlf=False, bom=False)
    try:
        text, form = decoded(data)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        told = "this is no UTF-8 text and cannot be merged; save the file as UTF-8"
        unreadable = Fault(path, line, told)
    mode = S_IMODE(status.st_mode)
    return UserFile(path, data, mode, text, form, is_link, unreadable, unwritable)


def folder_fault(root: Path, path: str) -> Fault | None:
    """What is wrong with writing a new file at a path: its folder is elsewhere or closed."""
    folder = (root / path).parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        return Fault(path, None, f"{folder.name} is no folder; move or rename it")
    if not _leads_inside(root, folder):
        return Fault(path, None, f"{folder.name} is a link to a place outside the project")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Fault(path, None, f"the folder {folder.name or folder} cannot be written")
    return None


def _unwritable(root: Path, path: str, mode: int) -> Fault | None:
    """Why a regular file must stay as it is."""
    if not _leads_inside(root, root / path):
        told = "a link to a file outside the project, which lgen leaves alone; put a file there"
        return Fault(path, None, told)
    if not mode & S_IWUSR:
        return Fault(path, None, "the file is read-only; make it writable (chmod u+w)")
    return folder_fault(
        root, os.path.relpath(os.path.realpath(root / path), os.path.realpath(root))
    )


def _leads_inside(root: Path, file: Path) -> bool:
    """Whether what a path leads to is below the root."""
    # much faster than Path.resolve, and each command asks it of every file
    return f"{os.path.realpath(file)}/".startswith(f"{os.path.realpath(root)}/")


def _without_text(path: str, is_link: bool, what: str) -> UserFile:
    fault = Fault(path, None, f"{what}; move or rename it")
    return UserFile(path, b"", 0, None, Form(crlf=False, bom=False), is_link, fault, fault)
