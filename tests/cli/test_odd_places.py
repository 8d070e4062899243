"""Closed streams, odd names, links and pipes, two at once: one clear line or a whole project."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lgen.commands.new as lgen_new
from tests.cli.conftest import Lgen, tree


def shell(folder: Path, command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """What a shell's command does, in which LGEN stands for the command line."""
    command = command.replace("LGEN", f'"{sys.executable}" -m lgen')
    environment = {**os.environ, **environment}
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, timeout=100
    )


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- 2>&-"])
def test_closed_streams(tmp_path: Path, closed: str) -> None:
    """Without a stdin nothing is asked, and the project is made."""
    done = shell(tmp_path, f"LGEN new digits {closed}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "digits/train.py").is_file()


def test_name_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    """It is printed in escapes."""
    done = shell(tmp_path, "LGEN new pr\u00f6j --defaults", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Made pr\\xf6j: " in done.stdout
    assert (tmp_path / "pr\u00f6j/train.py").is_file()


def test_name_that_begins_with_a_dash(lgen: Lgen) -> None:
    """The command to go on with does not take it for an option."""
    assert "    cd ./-x\n" in lgen("new", "--defaults", "--", "-x").out


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("a.b.c", "; lgen options lists them"),
        ("optimizer..lr", "; did you mean optimizer.lr?"),
        ("optimzer.lr", "; did you mean optimizer.lr?"),
        ("checkpoint.monitr", "; did you mean checkpoint.monitor?"),
        ("batch_size.x", "; lgen options lists them"),
        (".", "; lgen options lists them"),
    ],
)
def test_hint_is_an_option_that_there_is(lgen: Lgen, key: str, said: str) -> None:
    result = lgen("new", "digits", "--defaults", "--set", f"{key}=1")
    assert result.err == f"--set {key}=1: there is no option {key}{said}\n"
    assert result.code == 2


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("loop", "lgen.yaml: the spec cannot be read: Too many levels of symbolic links"),
        ("pipe", "lgen.yaml: it is no regular file; put the spec in its place"),
    ],
)
def test_spec_that_is_no_file(lgen: Lgen, users_files: Path, kind: str, said: str) -> None:
    """A link to itself, and a pipe, which would wait for ever."""
    spec = users_files / "lgen.yaml"
    spec.unlink()
    if kind == "loop":
        spec.symlink_to(spec.name)
    else:
        os.mkfifo(spec)
    result = lgen("init")
    assert (result.code, result.err) == (2, f"{said}\n")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("runtime.py", "the folder runtime that lgen writes would hide it from `import runtime`"),
        ("train/__init__.py", "the package train would hide the train.py that lgen writes"),
    ],
)
def test_module_of_a_name_that_lgen_writes(
    lgen: Lgen, users_files: Path, path: str, said: str
) -> None:
    """What the user's file or a generated one could no longer be imported from is refused."""
    (users_files / path).parent.mkdir(exist_ok=True)
    (users_files / path).write_text("mine = 1\n")
    before = tree(users_files)
    result = lgen("init")
    assert (result.code, result.err) == (2, f"{path}: {said}; rename yours\n")
    assert tree(users_files) == before


def test_folder_that_another_makes_at_the_same_time(
    lgen: Lgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one leaves the first one's project as it is, and says so."""
    write = lgen_new.write_files

    def meanwhile(*arguments: Any, **keywords: Any) -> None:
        (tmp_path / "digits").mkdir()
        (tmp_path / "digits/theirs").touch()
        write(*arguments, **keywords)

    monkeypatch.setattr(lgen_new, "write_files", meanwhile)
    result = lgen("new", "digits", "--defaults")
    said = "this was made by someone else at the same time, and is left as it is"
    assert (result.code, result.err) == (2, f"lgen: {tmp_path / 'digits'}: {said}\n")
    assert list(tree(tmp_path)) == ["digits", "digits/theirs"]
