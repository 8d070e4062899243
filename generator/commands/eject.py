"""`lgen eject`: the project forgets lgen; every file that it runs with stays."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lgen.durable import replace_file
from lgen.lgen_folder import FOLDER, SCHEMA_LINE, SPEC_FILE
from lgen.spec.fault import Fault
from lgen.user_file import read_user_file


def eject(root: Path) -> list[str] | Fault:
    """Removes .lgen and the line of the spec that names a file in it; says what stays.

    Raises OSError where that cannot be done.
    """
    if fault := not_ejectable(root):
        return fault
    folder = root / FOLDER
    lines = [f"Removed {FOLDER}. All other files stay as they are, and are yours."]
    spec = read_user_file(root, SPEC_FILE)
    if spec is not None and spec.text is not None:
        lines.append(f"{SPEC_FILE} is read by nothing any more; keep it as a note or delete it.")
        if spec.text.startswith(SCHEMA_LINE) and not spec.unwritable:
            replace_file(root / SPEC_FILE, spec.encoded(spec.text.removeprefix(SCHEMA_LINE)))
    if folder.is_symlink():
        folder.unlink()
        return lines
    # it goes in one step: a process that is killed leaves a project or none
    gone = root / f"{FOLDER}-ejected-{os.getpid()}"
    folder.rename(gone)
    shutil.rmtree(gone)
    return lines


def not_ejectable(root: Path) -> Fault | None:
    """Why there is nothing to forget in this folder."""
    if (root / FOLDER).is_dir():
        return None
    return Fault(FOLDER, None, "there is none here, so lgen has nothing to forget")
