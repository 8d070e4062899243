"""Compares what two runs have written, bit for bit."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save


def assert_same_runs(one: Path, other: Path, but: Sequence[str] = ()) -> None:
    """Fail unless both run folders hold the same rows and checkpoints, but for what those hold."""
    assert (one / "metrics.csv").read_text() == (other / "metrics.csv").read_text()
    names = checkpoint_names(one)
    assert names == checkpoint_names(other)
    assert "last.ckpt" in names
    for name in set(names) - set(but):
        mine, theirs = (load_whole(run / "checkpoints" / name) for run in (one, other))
        del mine["config"], theirs["config"]
        assert_same(mine, theirs, name)


def checkpoint_names(run: Path) -> list[str]:
    """Return the names of all that lies in the folder of checkpoints."""
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def load_whole(path: Path) -> dict[str, Any]:
    """Return all that a checkpoint holds, the shards of all ranks put together."""
    if path.is_file():
        return dict(torch.load(path, weights_only=True))
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.pt"
        dcp_to_torch_save(path, whole)
        shards = torch.load(whole, weights_only=True)
    return {**torch.load(path / "state.pt", weights_only=True), **shards}


def assert_same(one: Any, other: Any, where: str) -> None:
    """Fail, saying where, unless both are equal, tensors bit for bit."""
    assert type(one) is type(other), where
    if isinstance(one, dict):
        assert list(one) == list(other), where
        for key in one:
            assert_same(one[key], other[key], f"{where} {key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            assert_same(mine, theirs, f"{where} {index}")
    elif isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and torch.equal(one, other), where
    else:
        assert repr(one) == repr(other), where
