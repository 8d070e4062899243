"""What starts, imports what it needs: on a slow disk an import can take seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.projects import make_project

LGEN = "import sys; sys.argv = ['lgen', *{arguments!r}]\nfrom lgen.cli import run\nrun()"


def imported(code: str, folder: Path) -> set[str]:
    """The top-level modules and those of torch's parts that a process imports."""
    note = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('MODULES', *sys.modules, file=sys.stderr))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", note + code], cwd=folder, capture_output=True, text=True, timeout=120
    )
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("MODULES")]
    modules = line.split()[1:]
    return {name.partition(".")[0] for name in modules} | {
        ".".join(name.split(".")[:3]) for name in modules if name.startswith("torch.")
    }


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], {"black", "copier", "jinja2", "pydantic", "ruamel"}),
        (["options"], {"black", "copier", "jinja2", "ruamel"}),
        (["schema"], {"black", "copier", "jinja2", "ruamel"}),
        (["new", "digits", "--defaults"], {"torch", "numpy", "rich"}),
    ],
)
def test_commands_leave_heavy_packages_alone(
    arguments: list[str], heavy: set[str], tmp_path: Path
) -> None:
    """Each command imports only the packages that it needs."""
    found = imported(LGEN.format(arguments=arguments), tmp_path)
    assert "typer" in found and not found & heavy


def test_script_imports_little_beside_torch(tmp_path: Path) -> None:
    """train.py for one device brings the bar and the command line, and no further part of torch."""
    make_project(tmp_path)
    path = "import sys; sys.path.insert(0, '.')\n"
    torch = imported("import torch, torch.nn.functional, torch.utils.data", tmp_path)
    found = imported(path + "import train", tmp_path) - torch
    assert {"train", "model", "data", "runtime", "tyro"} <= found
    assert not {name for name in found if name.startswith("torch.")}
    assert not found & {"matplotlib", "pandas", "rich", "scipy", "sympy"}
