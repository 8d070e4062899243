"""Predictions, written batch by batch."""

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from runtime.nested import map_tensors


def save_predictions(folder: Path, number: int, outputs: Any) -> None:
    """Write the outputs of a batch to folder/batch_00007.pt, numbered in the order of the data.

    Read them back with torch.load(path). A file is whole or absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"batch_{number:05d}.pt"
    aside = path.with_suffix(".tmp")
    torch.save(map_tensors(to_cpu, outputs), aside)
    os.replace(aside, path)


def clear_predictions(folder: Path) -> None:
    """Remove the files of earlier predictions, which may be more than the new ones."""
    for path in folder.rglob("batch_*.pt"):
        path.unlink()


def to_cpu(tensor: Tensor) -> Tensor:
    """Return the tensor on the CPU, without the storage it may be a view of."""
    return tensor.detach().cpu().clone()
