"""lgen makes a project from an installed wheel and from an editable install."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ISOLATED = ["--no-build-isolation", "--no-deps", "--disable-pip-version-check", "-q"]


def command(*arguments: str, cwd: Path, **environment: str) -> str:
    """What a command printed; a command that fails fails the test with its errors."""
    done = subprocess.run(
        arguments,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository's files, so that a build leaves nothing in it."""
    folder = tmp_path_factory.mktemp("source")
    listed = command(
        "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT
    )
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(("tests/", "examples/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a wheel, built from the source, was installed into."""
    wheels, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip"]
    command(*pip, "wheel", *ISOLATED, "-w", str(wheels), str(source), cwd=wheels)
    [wheel] = wheels.glob("*.whl")
    command(*pip, "install", *ISOLATED, "--target", str(target), str(wheel), cwd=wheels)
    return target


def test_wheel_makes_a_project(installed: Path, tmp_path: Path) -> None:
    """The installed package is the one that runs, and the project is whole."""
    python = [sys.executable, "-P"] if sys.version_info >= (3, 11) else [sys.executable]
    where = command(
        *python, "-c", "import lgen; print(lgen.__file__)", cwd=tmp_path, PYTHONPATH=str(installed)
    )
    assert Path(where.strip()).is_relative_to(installed)
    command(
        *python, "-m", "lgen", "new", "digits", "--defaults",
        cwd=tmp_path, PYTHONPATH=str(installed),
    )  # fmt: skip
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert {"digits/.gitignore", "digits/train.py", "digits/runtime/__init__.py"} <= made


def test_wheel_brings_one_import_name(installed: Path) -> None:
    """Nothing of the repository's folders lies at the top of site-packages but lgen."""
    names = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert names - {"bin"} == {"lgen"}


def test_wheel_holds_every_file_of_the_package(source: Path, installed: Path) -> None:
    """No module, template or starter is left out, dot files included."""
    package = installed / "lgen"
    for folder, place in (("generator", ""), ("templates", "templates"), ("runtime", "runtime")):
        for file in (source / folder).rglob("*"):
            if file.is_file():
                assert (package / place / file.relative_to(source / folder)).is_file(), file


def test_editable_install_makes_a_project(
    source: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """An editable install finds the templates in the repository's own folders."""
    target, clean = tmp_path_factory.mktemp("editable"), tmp_path_factory.mktemp("clean")
    pip = [sys.executable, "-m", "pip", "install", *ISOLATED, "--target", str(target)]
    command(*pip, "-e", str(source), cwd=clean)
    # without site, as a machine that holds no other editable install
    code = (
        f"import site, sys; site.addsitedir({str(target)!r})\n"
        "import lgen; print(lgen.__file__)\n"
        "from lgen.cli import run\n"
        "sys.argv = ['lgen', 'new', 'digits', '--defaults']; run()"
    )
    packages = os.pathsep.join([str(target), sysconfig.get_path("purelib")])
    printed = command(sys.executable, "-S", "-c", code, cwd=clean, PYTHONPATH=packages)
    assert Path(printed.splitlines()[0]).is_relative_to(source)
    assert (clean / "digits/train.py").is_file()
