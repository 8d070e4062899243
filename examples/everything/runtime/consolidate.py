"""One plain file of weights from a sharded checkpoint.

python -m runtime.consolidate runs/version_0/checkpoints/last.ckpt model.pt
"""

import sys
import warnings
from pathlib import Path

import torch
from torch import Tensor
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load

from runtime.checkpoint_file import DamagedCheckpoint
from runtime.checkpoint_folder import load_verified_state

MODEL = "model."  # what the names of the model's tensors start with


def consolidate(folder: Path) -> dict[str, Tensor]:
    """Return the model's whole tensors by name, on the CPU; needs one process only."""
    load_verified_state(folder)
    reader = FileSystemReader(folder)
    stored = reader.read_metadata().state_dict_metadata
    tensors = {
        name: torch.empty(entry.size, dtype=entry.properties.dtype)
        for name, entry in stored.items()
        if name.startswith(MODEL) and isinstance(entry, TensorStorageMetadata)
    }
    with warnings.catch_warnings():
        # one process is meant
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")
        load(tensors, storage_reader=reader, no_dist=True)
    return {name.removeprefix(MODEL): tensor for name, tensor in tensors.items()}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m runtime.consolidate CHECKPOINT FILE")
    try:
        torch.save(consolidate(Path(sys.argv[1])), sys.argv[2])
    except (DamagedCheckpoint, FileNotFoundError) as error:
        raise SystemExit(str(error)) from None
