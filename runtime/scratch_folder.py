"""A folder for runs that keep nothing."""

import atexit
import shutil
import tempfile


def scratch_folder() -> str:
    """Make and return a new folder, which is removed when the program ends."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
