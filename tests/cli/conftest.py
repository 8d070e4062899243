"""The command line in a folder of its own."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lgen.cli import run
from tests.support.projects import DATA, MODEL, OPTIONS, spec_text


@dataclass(frozen=True)
class Result:
    """What a command ended with and printed."""

    code: int
    out: str
    err: str


Lgen = Callable[..., Result]


@pytest.fixture
def lgen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Lgen]:
    """Runs a command line in tmp_path; an exception that would be a traceback fails the test."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["lgen", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            run()
        printed = capfd.readouterr()
        return Result(int(end.value.code or 0), printed.out, printed.err)

    yield call


@pytest.fixture
def users_files(tmp_path: Path) -> Path:
    """A folder with a module, its data and a spec."""
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "data.py").write_text(DATA)
    (tmp_path / "lgen.yaml").write_text(spec_text(OPTIONS))
    return tmp_path


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file below the folder with its bytes, and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
