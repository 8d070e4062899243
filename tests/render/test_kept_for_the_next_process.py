"""What rendering keeps for the next process changes no byte, whatever becomes of it."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from lgen.generate import rendered_files
from lgen.plan import make_plan
from lgen.render.format import format_python
from lgen.render.pieces import format_emitted
from lgen.spec.options import Spec
from lgen.user_code.classes import UserData
from tests.combinations.combine import Row, classes, options, random_rows
from tests.support.projects import make_project

RENDER = (
    "import hashlib, json, pathlib\n"
    "from lgen.project import project_files\n"
    "files = project_files(pathlib.Path('.'), pathlib.Path('lgen.yaml').read_text())\n"
    "print(json.dumps(files, sort_keys=True))\n"
)


def unformatted(row: Row) -> list[str]:
    """The Python files of a combination as they are before formatting."""
    module, data = classes(row)
    assert isinstance(data, UserData)
    plan = make_plan(Spec.model_validate(options(row)), module, data)
    return [file.text for file in rendered_files(plan, format=False).values()]


def check_formatting(number: int) -> None:
    """Compare with black's own work on so many combinations at random."""
    seed = random.randrange(2**32)
    print("seed", seed)
    for row in random_rows(number, seed):
        for text in unformatted(row):
            assert format_emitted(text) == format_python(text), options(row)


def test_statements_are_formatted_as_black_does() -> None:
    check_formatting(30)


@pytest.mark.slow
def test_statements_of_many_combinations_are_formatted_as_black_does() -> None:
    check_formatting(1000)


@pytest.mark.parametrize(
    "text",
    [
        "x = 'a'\n",
        "def f(\n    a,\n    b\n):\n    pass\n",
        "@g(\n    a\n)\ndef f():\n    return f(a, b,)\n",
        "if a:\n    pass\nelif (\n    b\n):\n    x = [\n        1,\n    ]\n",
        "try:\n    pass\nexcept (\n    A, B\n):\n    f(\n        a  # why\n    )\n",
        'def f():\n    """One.\n\n    Two.\n    """\n    g("""\n      x""", 1)\n',
        "class A(\n    B\n):\n    for a in f(\n        b\n    ):\n        pass\n",
    ],
)
def test_statements_of_all_kinds(text: str) -> None:
    assert format_emitted(text) == format_python(text)


def render(folder: Path, cache: Path) -> dict[str, str]:
    """The files that a new process renders, with this folder to keep things in."""
    done = subprocess.run(
        [sys.executable, "-c", RENDER],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    files = json.loads(done.stdout)
    assert isinstance(files, dict)
    return files


def test_kept_damaged_or_nowhere_to_keep(tmp_path: Path) -> None:
    """The first process, the next, one that finds damaged files, and one without a folder."""
    project, cache = make_project(tmp_path / "project"), tmp_path / "cache"
    first = render(project, cache)
    kept = list((cache / "lgen").iterdir())
    assert len(kept) > 4
    assert render(project, cache) == first
    for file in kept:
        file.write_bytes(file.read_bytes()[:-10])
    assert render(project, cache) == first
    (tmp_path / "file").touch()
    assert render(project, tmp_path / "file") == first
