"""What goes wrong in a training script: one clear line, a non-zero exit, nothing lost."""

import os
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from runtime.checkpoint_file import DamagedCheckpoint, load_checkpoint
from tests.support.killed_runs import new_seed, project, run_folder
from tests.support.launch import Ended, Fault, launch
from tests.support.projects import make_project
from tests.support.random_user_code import DATA, MODEL, OPTIONS
from tests.support.same_runs import assert_same

ONE: dict[str, Any] = {"max_epochs": 1}
TWO: dict[str, dict[str, Any]] = {
    "ddp": {**ONE, "strategy": "ddp", "devices": 2},
    "fsdp": {**ONE, "strategy": "fsdp", "devices": 2, "fsdp": {"wrap": ["Block"]}},
}
RESUME = ("--resume", "last", "--max-epochs", "2")


def assert_clear(ended: Ended, *words: str) -> None:
    """Fail unless every rank ended by itself with an error that one line names."""
    assert all(code > 0 for code in ended.codes) and not ended.left_behind, ended
    assert "Traceback" not in ended.output, ended.output
    lines = [line for line in ended.output.splitlines() if all(word in line for word in words)]
    assert lines, ended.output


def trained(folder: Path, options: dict[str, Any] = ONE, ranks: int | None = None) -> Path:
    """Train a new project and return the folder of its checkpoints."""
    ended = launch(project(folder, options), ranks=ranks)
    assert ended.done, ended.output
    return run_folder(folder) / "checkpoints"


def contents(checkpoints: Path) -> dict[str, bytes]:
    """Return what lies in the folder, by name."""
    files = (path for path in checkpoints.rglob("*") if path.is_file())
    return {str(path.relative_to(checkpoints)): path.read_bytes() for path in files}


def flip(path: Path) -> None:
    """Change one byte of what a file stores."""
    content = bytearray(path.read_bytes())
    content[new_seed().choice(stored(path))] ^= 0xFF
    path.unlink()  # other names may stand for the same file
    path.write_bytes(content)


def stored(path: Path) -> Sequence[int]:
    """Return the places of the entries' content; in a file of torch.save padding lies between."""
    if path.suffix == ".distcp":
        return range(path.stat().st_size)
    places: list[int] = []
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            file.seek(entry.header_offset + 26)
            name, extra = struct.unpack("<HH", file.read(4))
            start = entry.header_offset + 30 + name + extra
            places += range(start, start + entry.file_size)
    return places


def cut(path: Path) -> None:
    """Drop the second half of a file."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("harm", [flip, cut])
def test_damaged_last_is_said_and_the_one_before_used(tmp_path: Path, harm: Any) -> None:
    checkpoints = trained(tmp_path)
    harm(checkpoints / "last.ckpt")
    ended = launch(tmp_path, *RESUME)
    assert ended.done and "skipped: " in ended.output and "last.ckpt" in ended.output, ended.output


@pytest.mark.parametrize("harm", [flip, cut])
def test_damaged_checkpoint_by_path(tmp_path: Path, harm: Any) -> None:
    checkpoints = trained(tmp_path)
    harm(checkpoints / "last.ckpt")
    before = contents(checkpoints)
    assert_clear(launch(tmp_path, "--resume", str(checkpoints / "last.ckpt")), "last.ckpt")
    assert contents(checkpoints) == before


@pytest.mark.parametrize("ranks", [None, 2], ids=["single", "ddp"])
def test_all_checkpoints_damaged(tmp_path: Path, ranks: int | None) -> None:
    checkpoints = trained(tmp_path, ONE if ranks is None else TWO["ddp"], ranks)
    for path in checkpoints.iterdir():
        cut(path)
    assert_clear(launch(tmp_path, *RESUME, ranks=ranks), "no checkpoint in", "can be used")


def test_any_flipped_byte_is_recognised_or_harmless(tmp_path: Path) -> None:
    """Nothing reads the padding, and some of the names, of a file of torch.save."""
    path = trained(tmp_path) / "last.ckpt"
    whole, expected = path.read_bytes(), load_checkpoint(path)
    draw, recognised = new_seed(), 0
    for place in draw.sample(range(len(whole)), 300):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            loaded = load_checkpoint(path)
        except DamagedCheckpoint:
            recognised += 1
        else:
            assert_same(loaded, expected, f"byte {place}")
    assert recognised > 100


def test_damaged_shard(tmp_path: Path) -> None:
    checkpoints = trained(tmp_path, TWO["fsdp"], 2)
    shard = max((checkpoints / "last.ckpt").glob("*.distcp"))
    flip(shard)
    by_path = launch(tmp_path, "--resume", str(checkpoints / "last.ckpt"), ranks=2)
    assert_clear(by_path, shard.name)
    ended = launch(tmp_path, *RESUME, ranks=2)
    assert ended.done and "skipped: " in ended.output, ended.output


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None], ids=["empty", "text", "dict"])
def test_foreign_checkpoint(tmp_path: Path, content: bytes | None) -> None:
    project(tmp_path, ONE)
    path = tmp_path / "foreign.pt"
    torch.save({"weights": torch.zeros(3)}, path)
    if content is not None:
        path.write_bytes(content)
    assert_clear(launch(tmp_path, "--resume", str(path)), "foreign.pt")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", [None, *TWO])
@pytest.mark.parametrize("which", ["last", "best", "nowhere.ckpt"])
def test_nothing_to_resume(tmp_path: Path, which: str, name: str | None) -> None:
    project(tmp_path, TWO[name] if name else ONE)
    ended = launch(tmp_path, "--resume", which, ranks=2 if name else None)
    assert_clear(ended, "no", "checkpoint")


@pytest.mark.parametrize("name", [None, *TWO])
def test_model_of_another_size(tmp_path: Path, name: str | None) -> None:
    ranks = 2 if name else None
    checkpoints = trained(tmp_path, TWO[name] if name else ONE, ranks)
    model = tmp_path / "model.py"
    model.write_text(model.read_text().replace("12", "14"))
    before = contents(checkpoints)
    assert_clear(launch(tmp_path, *RESUME, ranks=ranks), "model")
    assert contents(checkpoints) == before


def test_init_from_missing_file(tmp_path: Path) -> None:
    project(tmp_path, {**ONE, "init_from": "pretrained.pt"})
    assert_clear(launch(tmp_path), "pretrained.pt")


@pytest.mark.parametrize("name", [None, *TWO])
def test_empty_data_set(tmp_path: Path, name: str | None) -> None:
    empty = {"data": {"path": "data.py:Points", "args": {"number": 0}}}
    project(tmp_path, {**(TWO[name] if name else ONE), **empty})
    assert_clear(launch(tmp_path, ranks=2 if name else None), "empty")


WHERE = {
    "constructor": "        self.number = number\n",
    "sample": "        x, y, number = self.dataset[index]\n",
}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("ranks", [None, 2], ids=["single", "ddp"])
def test_missing_data_file(tmp_path: Path, where: str, workers: int, ranks: int | None) -> None:
    data = DATA.replace(WHERE[where], WHERE[where] + '        open("images/7.png")\n')
    options = {**OPTIONS, **(TWO["ddp"] if ranks else ONE), "num_workers": workers}
    make_project(tmp_path, options, MODEL, data)
    assert_clear(launch(tmp_path, ranks=ranks), "images/7.png")


@pytest.mark.parametrize("bad_rank", [None, "0", "1"], ids=["all", "rank 0", "rank 1"])
@pytest.mark.parametrize("name", [None, *TWO])
def test_nan_loss_names_its_step(
    tmp_path: Path, name: str | None, bad_rank: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name is None and bad_rank is not None:
        pytest.skip("one process has no rank 1")
    options = TWO[name] if name else ONE
    module = {"module": {"path": "model.py:Net", "args": {"bad_step": 6}}}
    project(tmp_path, {**options, **module, "enable_progress_bar": True, "log_every_n_steps": 50})
    environment = {} if bad_rank is None else {"BAD_RANK": bad_rank}
    ended = launch(tmp_path, ranks=2 if name else None, environment=environment)
    assert_clear(ended, "step 6", "not finite")
    last = run_folder(tmp_path) / "checkpoints" / "last.ckpt"
    state = torch.load(last if last.is_file() else last / "state.pt", weights_only=True)
    assert state["step"] == 4


@pytest.mark.parametrize("name", TWO)
def test_without_torchrun(tmp_path: Path, name: str) -> None:
    project(tmp_path, TWO[name])
    assert_clear(launch(tmp_path), "torchrun", "--nproc-per-node 2", "train.py")


@pytest.mark.parametrize("strategy", ["single", *TWO])
def test_cuda_asked_for_and_absent(tmp_path: Path, strategy: str) -> None:
    options = TWO.get(strategy, ONE)
    project(tmp_path, {**options, "accelerator": "cuda"})
    assert_clear(launch(tmp_path, ranks=None if strategy == "single" else 2), "cuda", "no CUDA")


@pytest.mark.parametrize("accelerator", ["cuda", "auto"])
def test_more_devices_than_there_are(tmp_path: Path, accelerator: str) -> None:
    project(tmp_path, {**TWO["ddp"], "accelerator": accelerator})
    stub = "import torch\ntorch.cuda.is_available = torch.accelerator.is_available = lambda: True\n"
    stub += "torch.accelerator.device_count = lambda: 0\n"
    script = tmp_path / "train.py"
    script.write_text(script.read_text().replace("\nimport torch\n", "\n" + stub, 1))
    assert_clear(launch(tmp_path, ranks=2), "has no device: torch finds 0")


@pytest.mark.parametrize("name", [None, *TWO])
def test_disk_full_while_saving(tmp_path: Path, name: str | None) -> None:
    ranks = 2 if name else None
    checkpoints = trained(tmp_path, TWO[name] if name else ONE, ranks)
    before = contents(checkpoints)
    plain = (".metadata", "manifest.json")
    small = min(len(content) for file, content in before.items() if not file.endswith(plain))
    # within torch's own writing of the file, and in its last part
    for size in (small // 2, small - 2000):
        ended = launch(tmp_path, *RESUME, ranks=ranks, fault=Fault(full=size))
        assert_clear(ended, "File too large" if name != "fsdp" else "")
        assert contents(checkpoints) == before
    ended = launch(tmp_path, *RESUME, ranks=ranks)
    assert ended.done, ended.output


def test_no_step_of_a_failed_run_is_left(tmp_path: Path) -> None:
    """A folder of a run that could not start is no reason for a resume to fail."""
    checkpoints = trained(tmp_path)
    os.mkdir(tmp_path / "runs" / "version_1")
    ended = launch(tmp_path, *RESUME)
    assert ended.done, ended.output
    assert (checkpoints / "last.ckpt").exists()
