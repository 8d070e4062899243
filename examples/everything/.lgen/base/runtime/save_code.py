"""The project's own source, as it was when a run started."""

import shutil
import sys
from pathlib import Path

ALWAYS = ("train.py", "lgen.yaml", "pyproject.toml")


def save_code(run_folder: Path, step: int) -> None:
    """Copy the project's files that this process has imported to code, and its settings.

    Of a run that is resumed at step 9 the folder is code-step=9. What a function imports when it
    is called is not among the files.
    """
    project = Path(__file__).resolve().parent.parent
    folder = run_folder / (f"code-step={step}" if step else "code")
    shutil.rmtree(folder, ignore_errors=True)
    files = {project / name for name in ALWAYS if (project / name).exists()}
    for module in list(sys.modules.values()):
        path = Path(getattr(module, "__file__", None) or "").resolve()
        if path.is_file() and path.is_relative_to(project) and "site-packages" not in path.parts:
            files.add(path)
    for path in sorted(files):
        target = folder / path.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
