"""A folder for each run."""

from pathlib import Path


def new_run_folder(root: str | Path) -> Path:
    """Make and return root/version_N, N being one more than the highest there is."""
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    while True:
        taken = [folder.name.removeprefix("version_") for folder in root.glob("version_*")]
        number = max((int(name) for name in taken if name.isdecimal()), default=-1) + 1
        try:
            folder = root / f"version_{number}"
            folder.mkdir()
            return folder
        except FileExistsError:  # another run was faster
            continue
