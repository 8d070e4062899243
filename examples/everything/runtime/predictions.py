"""Predictions, written batch by batch."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def save_predictions(folder: Path, number: int, outputs: Any) -> None:
    """Write the outputs of a batch to folder/batch_00007.pt, numbered in the order of the data.

    Read them back with torch.load(path). A file is whole or absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"batch_{number:05d}.pt"
    aside = path.with_suffix(".tmp")
    torch.save(readable(outputs), aside)
    os.replace(aside, path)


def clear_predictions(folder: Path) -> None:
    """Remove the files of earlier predictions, which may be more than the new ones."""
    for path in folder.rglob("batch_*.pt"):
        path.unlink()


def readable(outputs: Any) -> Any:
    """Return the outputs of what torch.load reads back: plain values, and tensors on the CPU.

    Arrays become tensors, named tuples dicts. Ends the program where something else is among them.
    """
    if isinstance(outputs, Tensor):
        return outputs.detach().cpu().clone()  # without the storage it may be a view of
    if outputs is None or isinstance(outputs, (str, bytes, bool, int, float, complex)):
        return outputs
    if hasattr(outputs, "_asdict"):
        outputs = outputs._asdict()
    if isinstance(outputs, Mapping):
        return {key: readable(value) for key, value in outputs.items()}
    if isinstance(outputs, (list, tuple)):
        return type(outputs)([readable(value) for value in outputs])
    try:
        return torch.tensor(outputs)
    except (TypeError, ValueError, RuntimeError):
        raise SystemExit(
            f"predict_step returned a {type(outputs).__name__}, which cannot be read back; return "
            "tensors, arrays, numbers and texts, and tuples, lists and dicts of them"
        ) from None
