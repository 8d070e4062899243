"""Weights to start from: of another run, or from a file of weights."""

from pathlib import Path
from typing import Any

import torch


def load_weights(path: str) -> dict[str, Any]:
    """Return the model's weights in a checkpoint, or the file's content where it is weights only.

    Reads tensors and plain types alone (torch.load with weights_only=True).
    """
    if not Path(path).is_file():
        raise SystemExit(f"init_from: there is no file {path}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises many kinds for what is no such file
        reason = str(error).split("\n", 1)[0]
        raise SystemExit(f"init_from: {path} holds no weights: {reason}") from None
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        content = content["model"]
    if not isinstance(content, dict):
        raise SystemExit(f"init_from: {path} holds {type(content).__name__}, not weights by name")
    return content
