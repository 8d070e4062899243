"""The settings of a run as a file that a person reads."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


def save_hyperparameters(run_folder: Path, settings: Mapping[str, Any], step: int) -> None:
    """Write the settings, and the versions of Python and torch, to hparams.json in the folder.

    Of a run that is resumed at step 9 the file is hparams-step=9.json.
    """
    name = f"hparams-step={step}.json" if step else "hparams.json"
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    text = json.dumps({"settings": settings, "versions": versions}, indent=2)
    (run_folder / name).write_text(text + "\n", encoding="utf-8")
