"""lgen new: a whole project, or nothing."""

import fcntl
import hashlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Lgen, tree

ROOT = Path(__file__).parents[2]
FILES = {"lgen.yaml", "model.py", "data.py", ".gitignore", "train.py", "README.md"}


def test_makes_a_whole_project(lgen: Lgen, tmp_path: Path) -> None:
    """The starter's files, the generated ones and .lgen lie in the folder, and nothing beside."""
    result = lgen("new", "digits", "--defaults")
    assert (result.code, result.err) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["digits"]
    made = tree(tmp_path / "digits")
    assert FILES | {"runtime/__init__.py", "tests/test_train.py", "pyproject.toml"} <= made.keys()
    compile(made["train.py"] or b"", "train.py", "exec")


def test_says_what_comes_next(lgen: Lgen) -> None:
    """The commands to train and test are printed, with the folder quoted for the shell."""
    out = lgen("new", "my digits", "--defaults").out
    assert "cd 'my digits'" in out
    assert "python train.py" in out
    assert "python -m pytest" in out


def test_lgen_folder_holds_what_was_written(lgen: Lgen, tmp_path: Path) -> None:
    """The base, its hashes, the spec and the schema are those of the project."""
    lgen("new", "digits", "--defaults")
    root = tmp_path / "digits"
    manifest = json.loads((root / ".lgen/manifest.json").read_text())
    assert manifest["format"] == 1
    assert "train.py" in manifest["files"] and "runtime/__init__.py" in manifest["files"]
    for path, sha256 in manifest["files"].items():
        written = (root / path).read_bytes()
        assert (root / ".lgen/base" / path).read_bytes() == written
        assert hashlib.sha256(written).hexdigest() == sha256
    spec = (root / "lgen.yaml").read_text()
    assert spec.startswith("# yaml-language-server: $schema=.lgen/schema.json\n")
    assert (root / ".lgen/lgen.yaml").read_text() == spec
    assert json.loads((root / ".lgen/schema.json").read_text())["properties"]["optimizer"]


def test_set_changes_the_spec(lgen: Lgen, tmp_path: Path) -> None:
    """Values of --set are in the spec, whose comments stay, and in what is generated."""
    settings = ["strategy=ddp", "devices=2", "checkpoint.save_top_k=3", "batch_size=17"]
    flags = [text for setting in settings for text in ("--set", setting)]
    assert lgen("new", "digits", "--defaults", *flags).code == 0
    spec = (tmp_path / "digits/lgen.yaml").read_text()
    assert "strategy: ddp" in spec and "save_top_k: 3" in spec
    assert "# precision: bf16-mixed" in spec
    assert "batch_size: int = 17" in (tmp_path / "digits/train.py").read_text()
    assert os.access(tmp_path / "digits/launch.sh", os.X_OK)


def test_next_steps_are_those_of_the_readmes(lgen: Lgen, tmp_path: Path) -> None:
    """Both READMEs install it as the command says, and git ignores what that leaves."""
    install = "pip install -e '.[test]'\n"
    assert f"    {install}" in lgen("new", "digits", "--defaults").out
    for readme in (tmp_path / "digits/README.md", ROOT / "README.md"):
        assert f"\n{install}" in readme.read_text()
    ignored = (tmp_path / "digits/.gitignore").read_text().splitlines()
    assert {"build/", "*.egg-info/", "runs/"} <= {*ignored}


def test_a_low_rate_is_named_where_the_emitted_test_fails(lgen: Lgen, tmp_path: Path) -> None:
    """A model that learns slowly fails the test that it learns, which says what to change."""
    settings = ["--set", "optimizer.lr=1e-9", "--set", "accelerator=cpu"]
    assert lgen("new", "digits", "--defaults", *settings).code == 0
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "overfits", "tests"],
        cwd=tmp_path / "digits",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "where the learning rate is small" in done.stdout


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("batchsize=3", "there is no option batchsize; did you mean batch_size?"),
        ("foo=3", "there is no option foo; lgen options lists them"),
        ("lr=1e-4", "there is no option lr; did you mean optimizer.lr?"),
        ("trainer.max_epochs=3", "no option trainer.max_epochs; did you mean max_epochs?"),
        ("trainer.gpus=3", "there is no option trainer.gpus; did you mean devices?"),
        ("epochs=3", "there is no option epochs; did you mean max_epochs?"),
        ("patience=3", "there is no option patience; did you mean early_stopping.patience?"),
        ("save_topk=3", "there is no option save_topk; did you mean checkpoint.save_top_k?"),
        ("batch_size=many", "batch_size is 'many'; allowed: int >= 1"),
        ("batch_size", "write --set key=value"),
        ("strategy=single-ish", "strategy is 'single-ish'; allowed: single, ddp, fsdp"),
        ("precision=bf16", "did you mean bf16-mixed?"),
        ("devices=2", "one process trains on one device"),
        ("limit_val_batches=0", "turns off the validation that measures what is monitored"),
        ("optimizer.lrr=1", "AdamW has no argument lrr; did you mean lr?"),
        ("optimizer={name: Adm}", "there is no optimizer 'Adm'; did you mean Adam?"),
        ("checkpoint.monitor=val_los", "did you mean val_loss? (measured: val_loss, val_acc)"),
        ("early_stopping.patience=3", "early_stopping.monitor is missing"),
        ("module.args.hiden=3", "hiden"),
        ("loggers=[csv", "not valid YAML"),
    ],
)
def test_bad_value_makes_nothing(lgen: Lgen, tmp_path: Path, setting: str, said: str) -> None:
    """A value that cannot be is said with the flag that gave it, and no folder is there."""
    result = lgen("new", "digits", "--defaults", "--set", setting)
    assert result.code == 2
    assert result.err.startswith(f"--set {setting}: ") and said in result.err
    assert "lgen.yaml" not in result.err
    assert tree(tmp_path) == {}


def test_class_that_is_not_there_lists_those_that_are(lgen: Lgen) -> None:
    """The file, its classes and the nearest one are named."""
    result = lgen("new", "digits", "--defaults", "--set", "module=model.py:Clasifier")
    assert result.code == 2
    assert "there is no class Clasifier; did you mean Classifier?" in result.err
    assert "(classes here: Classifier)" in result.err


def test_fault_of_the_file_keeps_its_line(lgen: Lgen, users_files: Path) -> None:
    """Of what stands in lgen.yaml and what a flag gave, each fault names its own place."""
    spec = users_files / "lgen.yaml"
    spec.write_text(spec.read_text() + "seed: x\n")
    line = len(spec.read_text().splitlines())
    err = lgen("init", "--set", "devices=0").err
    assert f"lgen.yaml:{line}: seed is 'x'" in err and "--set devices=0: devices is 0" in err


def test_non_empty_folder_is_refused(lgen: Lgen, tmp_path: Path) -> None:
    """A folder that holds a file stays as it is."""
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits/notes.txt").write_text("mine")
    before = tree(tmp_path)
    result = lgen("new", "digits", "--defaults")
    assert result.code == 2
    assert "not empty" in result.err
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["file", "file/below", "file/far/below", "", "a\nb", "/"])
def test_name_that_cannot_be_a_folder_is_refused(lgen: Lgen, tmp_path: Path, name: str) -> None:
    """A file, a path below one and a name that names nothing end in one line."""
    (tmp_path / "file").write_text("mine")
    before = tree(tmp_path)
    result = lgen("new", name, "--defaults")
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["empty", ".", "a/b/c"])
def test_empty_and_nested_folders_are_fine(lgen: Lgen, tmp_path: Path, name: str) -> None:
    """An empty folder is filled where it is, also the current one; missing parents are made."""
    if name == "empty":
        (tmp_path / name).mkdir()
    before = (tmp_path / name).stat().st_ino if name != "a/b/c" else None
    assert lgen("new", name, "--defaults").code == 0
    assert FILES <= {path.name for path in (tmp_path / name).iterdir()}
    assert before in (None, (tmp_path / name).stat().st_ino)


@pytest.mark.parametrize("limit", [1_000, 8_000, 30_000])
def test_full_disk_leaves_nothing(tmp_path: Path, limit: int) -> None:
    """Where a file cannot grow, one line says so and nothing is left behind."""
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "from lgen.cli import run\n"
        "sys.argv = ['lgen', 'new', 'a/digits', '--defaults']\n"
        "run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert tree(tmp_path) == {}


def test_interrupt_leaves_nothing(
    lgen: Lgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C when the project is half written ends without a word and without a folder."""

    def interrupted(folder: Path, *_: object, **__: object) -> None:
        (folder / "train.py").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr("lgen.commands.new.write_files", interrupted)
    result = lgen("new", "a/digits", "--defaults")
    assert (result.code, result.out, result.err) == (130, "", "")
    assert tree(tmp_path) == {}


KILLED_WHILE_WRITING = """
import os, signal, sys
import lgen.commands.new

lgen.commands.new.write_files = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["lgen", "new", sys.argv[1], "--defaults"]
from lgen.cli import run

run()
"""


@pytest.mark.parametrize("name", ["digits", "a/digits", "."])
def test_what_a_killed_process_left_goes_away(lgen: Lgen, tmp_path: Path, name: str) -> None:
    """The next `lgen new` of the same name makes the project and leaves nothing beside it."""
    other = tmp_path / ".lgen-new-digits-mine"
    if name != ".":
        other.mkdir()
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, name]
    assert subprocess.run(command, cwd=tmp_path, timeout=60).returncode == -9
    assert any(path.name.startswith(".lgen-new-") for path in tmp_path.iterdir() if path != other)
    assert lgen("new", name, "--defaults").code == 0
    assert FILES <= {path.name for path in (tmp_path / name).iterdir()}
    left = [path for path in tmp_path.rglob(".lgen-new-*") if path != other]
    assert left == [] and other.exists() == (name != ".")


def test_what_another_process_is_making_stays(lgen: Lgen, tmp_path: Path) -> None:
    """A folder that a running process has locked is left alone."""
    other = tmp_path / ".lgen-new-digits-abcd1234"
    other.mkdir()
    lock = os.open(other, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert lgen("new", "digits", "--defaults").code == 0
    assert other.exists()
    os.close(lock)


def test_asks_on_a_terminal(tmp_path: Path) -> None:
    """The starter's questions stand on the terminal, and the answers in the spec."""
    terminal, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "lgen", "new", "digits"],
        cwd=tmp_path,
        stdin=side,
        stdout=side,
        stderr=side,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(side)
    printed = b""
    keys = [(b"last layer", b"\x7f\x7f\x7f64\r"), (b"How many epochs", b"\r")]
    while True:
        try:
            printed += os.read(terminal, 65536)
        except OSError:  # the other side is closed
            break
        if keys and keys[0][0] in printed:
            os.write(terminal, keys.pop(0)[1])
    os.close(terminal)
    assert process.wait(timeout=60) == 0
    spec = (tmp_path / "digits/lgen.yaml").read_text()
    assert "hidden: 64" in spec
    assert "max_epochs: 15" in spec


def test_never_asks_without_a_terminal(tmp_path: Path) -> None:
    """With its input closed the project is made from the defaults."""
    done = subprocess.run(
        [sys.executable, "-m", "lgen", "new", "digits"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "hidden: 128" in (tmp_path / "digits/lgen.yaml").read_text()
