import os
import resource
import subprocess
import sys
import zipfile

import pytest
import torch

from runtime.checkpoint_file import (
    DamagedCheckpoint,
    link_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from runtime.checkpoint_folder import link_folder


def state(size=300, fill=0.5):
    return {
        "step": 7,
        "epoch": 1,
        "config": {"lr": 0.1, "betas": (0.9, 0.99), "name": "a"},
        "model": {"weight": torch.full((size,), fill), "half": torch.ones(3, dtype=torch.bfloat16)},
    }


def test_what_was_saved_is_loaded(tmp_path):
    save_checkpoint(state(), tmp_path / "a.ckpt")
    loaded = load_checkpoint(tmp_path / "a.ckpt")
    assert loaded["config"] == state()["config"]
    assert torch.equal(loaded["model"]["weight"], state()["model"]["weight"])
    assert loaded["model"]["half"].dtype == torch.bfloat16
    assert os.listdir(tmp_path) == ["a.ckpt"]


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    save_checkpoint(state(), tmp_path / "a.ckpt")

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(zipfile, "ZipFile", refuse)  # root may read every file
    with pytest.raises(PermissionError):
        load_checkpoint(tmp_path / "a.ckpt")


def test_every_flipped_bit_is_recognised_or_harmless(tmp_path):
    path = tmp_path / "a.ckpt"
    save_checkpoint(state(size=30), path)
    whole = path.read_bytes()
    recognised = 0
    for place in range(len(whole)):
        for bit in (1, 16) if place % 2 else (2, 4, 8, 16, 32, 64, 128):
            flipped = bytearray(whole)
            flipped[place] ^= bit
            path.write_bytes(flipped)
            try:
                loaded = load_checkpoint(path)
            except DamagedCheckpoint:
                recognised += 1
                continue
            model = loaded.pop("model")
            expected = state(size=30)
            assert torch.equal(model["weight"], expected["model"]["weight"]), (place, bit)
            assert torch.equal(model["half"], expected["model"]["half"]), (place, bit)
            assert loaded.items() <= expected.items()
    assert recognised > 1000


def test_flipped_bits_of_the_tensors_are_all_recognised(tmp_path):
    path = tmp_path / "a.ckpt"
    save_checkpoint(state(), path)
    with zipfile.ZipFile(path) as archive:
        entry = next(e for e in archive.infolist() if e.filename.endswith("data/0"))
    whole = path.read_bytes()
    start = whole.index(b"\x00\x00\x00\x3f" * 100, entry.header_offset)
    for place in range(start, start + entry.file_size, 41):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(DamagedCheckpoint):
            load_checkpoint(path)


def test_a_torn_file_is_recognised_at_any_length(tmp_path):
    path = tmp_path / "a.ckpt"
    save_checkpoint(state(), path)
    whole = path.read_bytes()
    for length in [0, 1, 4, *range(100, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedCheckpoint):
            load_checkpoint(path)
        # a torn file may be filled up with zeros; the last two bytes are zeros anyway
        if length < len(whole) - 2:
            path.write_bytes(whole[:length] + bytes(len(whole) - length))
        with pytest.raises(DamagedCheckpoint):
            load_checkpoint(path)


def test_a_foreign_file_is_told_from_a_damaged_one(tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "weights.pt")
    with pytest.raises(SystemExit, match="no checkpoint of this script"):
        load_checkpoint(tmp_path / "weights.pt")


def test_code_in_a_file_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "pwned"),)

    torch.save({"step": 0, "epoch": 0, "config": Evil()}, tmp_path / "evil.ckpt")
    with pytest.raises(DamagedCheckpoint):
        load_checkpoint(tmp_path / "evil.ckpt")
    assert not (tmp_path / "pwned").exists()


FULL = """
import sys, resource
from pathlib import Path
from tests.runtime.test_checkpoint_file import state
from runtime.checkpoint_file import save_checkpoint
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
save_checkpoint(state(size=1_000_000), Path(sys.argv[1]))
"""


def test_full_disk_leaves_the_file_before_and_nothing_else(tmp_path):
    assert resource.RLIMIT_FSIZE is not None
    path = tmp_path / "a.ckpt"
    save_checkpoint(state(), path)
    run = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, timeout=60)
    assert run.returncode not in (0, -6, -11), run.stderr
    assert os.listdir(tmp_path) == ["a.ckpt"]
    assert load_checkpoint(path)["step"] == 7


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_name_stands_for_the_same_content_on_the_disk(tmp_path, monkeypatch, hard_links):
    """Where the file system has no hard links, it is a copy, and the copy is flushed."""
    on_disk = set()
    flush = os.fsync

    def note(number):
        on_disk.add(os.fstat(number).st_ino)
        flush(number)

    def refuse(*_, **__):
        raise OSError(95, "Operation not supported")

    save_checkpoint(state(), tmp_path / "a.ckpt")
    (tmp_path / "b.ckpt").mkdir()
    save_checkpoint(state(fill=2.0), tmp_path / "b.ckpt" / "shard")
    monkeypatch.setattr(os, "fsync", note)
    if not hard_links:
        monkeypatch.setattr(os, "link", refuse)
    for _ in range(2):  # the second takes the place of the first
        link_checkpoint(tmp_path / "a.ckpt", tmp_path / "c.ckpt")
        link_folder(tmp_path / "b.ckpt", tmp_path / "d.ckpt")
    for copy, path in (("c.ckpt", "a.ckpt"), ("d.ckpt/shard", "b.ckpt/shard")):
        assert (tmp_path / copy).read_bytes() == (tmp_path / path).read_bytes()
        assert (tmp_path / copy).samefile(tmp_path / path) is hard_links
        assert hard_links or (tmp_path / copy).stat().st_ino in on_disk
    assert sorted(os.listdir(tmp_path)) == ["a.ckpt", "b.ckpt", "c.ckpt", "d.ckpt"]
