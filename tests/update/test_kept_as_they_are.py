"""Modes, line ends, encodings and links stay as they are, or are refused before any write."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.update.conftest import Edit, Lgen, tree

STEP = "            optimizer.step()\n"
PRINT = '            print("mine")\n'
CLIP = "gradient_clip_val=0.5"


def refused(lgen: Lgen, project: Path, said: str, *settings: str) -> None:
    """The update says this in one line, exits 2, and no byte of the project has changed."""
    before = tree(project)
    result = lgen("set", *(settings or [CLIP]))
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(said) and result.err.count("\n") == 1, result.err
    assert tree(project) == before


@pytest.mark.parametrize("mode", [0o755, 0o600, 0o666])
def test_permission_bits(lgen: Lgen, project: Path, edit: Edit, mode: int) -> None:
    """Of an edited file and of one that is replaced."""
    edit("train.py", STEP, STEP + PRINT)
    paths = [project / "train.py", project / "README.md", project / "lgen.yaml"]
    for path in paths:
        path.chmod(mode)
    assert lgen("set", "strategy=ddp").code == 0
    assert [path.stat().st_mode & 0o777 for path in paths] == [mode] * 3


@pytest.mark.parametrize("edited", [True, False])
def test_crlf(lgen: Lgen, project: Path, edit: Edit, edited: bool) -> None:
    """A file that came to have them is merged all the same, and has them afterwards."""
    if edited:
        edit("train.py", STEP, STEP + PRINT)
    paths = [path for path in project.rglob("*") if path.is_file()]
    for path in paths:
        # as git does it, in .lgen too
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert lgen("check").out == ("edited        train.py: by you\n" if edited else "in sync\n")
    assert lgen("set", CLIP).code == 0
    for name in ("train.py", "lgen.yaml"):
        data = (project / name).read_bytes()
        assert data.count(b"\n") == data.count(b"\r\n") and b"gradient_clip_val" in data
    assert (PRINT.strip().encode() in (project / "train.py").read_bytes()) == edited
    manifest = json.loads((project / ".lgen/manifest.json").read_text())
    assert manifest["files"].keys() >= {"train.py"}


def test_mixed_line_ends(lgen: Lgen, project: Path, edit: Edit) -> None:
    """A line of the user's with another end keeps it; the others keep theirs."""
    path = project / "train.py"
    step, printed = STEP.encode(), PRINT.encode().replace(b"\n", b"\r\n")
    path.write_bytes(path.read_bytes().replace(step, step + printed))
    assert lgen("set", CLIP).code == 0
    assert printed in path.read_bytes() and path.read_bytes().count(b"\r") == 1


def test_byte_order_mark(lgen: Lgen, project: Path) -> None:
    path = project / "train.py"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert lgen("check").out == "in sync\n"
    assert lgen("set", CLIP).code == 0
    assert path.read_bytes().startswith(b'\xef\xbb\xbf"""') and b"clip" in path.read_bytes()


def test_no_final_newline(lgen: Lgen, project: Path) -> None:
    """The user's file goes on to have none."""
    path = project / "train.py"
    path.write_text(path.read_text().rstrip("\n"))
    assert lgen("set", CLIP).code == 0
    assert not path.read_text().endswith("\n") and "gradient_clip_val" in path.read_text()


def test_no_utf_8(lgen: Lgen, project: Path, edit: Edit) -> None:
    """What would have to be merged is refused; what is left alone anyway is not read."""
    path = project / "train.py"
    path.write_bytes(path.read_bytes().replace(b'"""\n', b'"""\n# caf\xe9\n', 1))
    refused(lgen, project, "train.py:11: this is no UTF-8 text and cannot be merged; save ")
    path = project / "runtime/__init__.py"
    path.write_bytes(path.read_bytes() + b"# caf\xe9\n")
    (project / "train.py").write_text((project / ".lgen/base/train.py").read_text())
    assert lgen("set", CLIP).code == 0
    assert path.read_bytes().endswith(b"# caf\xe9\n")


def test_link_stays_a_link(lgen: Lgen, project: Path) -> None:
    """What it leads to inside the project is what changes."""
    (project / "scripts").mkdir()
    (project / "train.py").rename(project / "scripts/main.py")
    (project / "train.py").symlink_to("scripts/main.py")
    assert lgen("set", CLIP).code == 0
    assert os.readlink(project / "train.py") == "scripts/main.py"
    assert "gradient_clip_val" in (project / "scripts/main.py").read_text()


@pytest.mark.parametrize("kind", ["outside", "nowhere", "loop", "folder", "pipe"])
def test_what_is_no_file_of_the_project(
    lgen: Lgen, project: Path, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    path = project / "train.py"
    text = path.read_text()
    path.unlink()
    said = "train.py: a link that leads nowhere; move or rename it"
    if kind == "outside":
        elsewhere = tmp_path_factory.mktemp("elsewhere") / "train.py"
        elsewhere.write_text(text)
        path.symlink_to(elsewhere)
        said = "train.py: a link to a file outside the project, which lgen leaves alone"
    elif kind == "folder":
        path.mkdir()
        said = "train.py: a folder stands where lgen would write a file; move or rename it"
    elif kind == "pipe":
        os.mkfifo(path)
        said = "train.py: no regular file stands where lgen would write a file; move or rename it"
    else:
        path.symlink_to("train.py" if kind == "loop" else "gone.py")
    if kind == "pipe":
        result = lgen("set", CLIP)
        assert (result.code, result.err) == (2, f"{said}\n")
    else:
        refused(lgen, project, said)


def test_folder_that_is_a_link_to_elsewhere(
    lgen: Lgen, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing is written there, new files included."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "runtime"
    (project / "runtime").rename(elsewhere)
    (project / "runtime").symlink_to(elsewhere)
    before, there = tree(project), tree(elsewhere)
    result = lgen("set", "strategy=ddp")
    assert result.code == 2 and "outside the project" in result.err
    assert (tree(project), tree(elsewhere)) == (before, there)


@pytest.mark.parametrize("path", ["train.py", "lgen.yaml", ".lgen/manifest.json"])
def test_read_only_file(lgen: Lgen, project: Path, path: str) -> None:
    """Before any write, also for the user who could write it anyway."""
    (project / path).chmod(0o444)
    refused(lgen, project, f"{path}: the file is read-only; make it writable (chmod u+w)")


def test_read_only_file_that_would_go(lgen: Lgen, project: Path) -> None:
    lgen("set", "strategy=ddp")
    (project / "launch.sh").chmod(0o555)
    refused(lgen, project, "launch.sh: the file is read-only", "strategy=single")


def test_read_only_file_that_stays(lgen: Lgen, project: Path) -> None:
    """It is none of the update's business."""
    (project / "runtime/seed.py").chmod(0o444)
    assert lgen("set", CLIP).code == 0


@pytest.mark.parametrize("size", [0, 1000, 20_000, 40_000])
def test_file_that_cannot_be_written_whole(project: Path, size: int) -> None:
    """A limit on the size of files, as a full disk: all is as it was."""
    before = tree(project)
    done = subprocess.run(
        [sys.executable, "-B", "-m", "lgen", "set", "strategy=ddp"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("lgen: .lgen/journal.json") and done.stderr.count("\n") == 1
    assert tree(project) == before
