"""The mappings that watch a metric: checkpoints and early stopping."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from lgen.spec.base import Part, SwitchPart, option
from lgen.spec.names import filename_fault
from lgen.spec.seconds import Seconds


class Checkpoint(SwitchPart):
    """When the state is saved, which files are kept and what they are called."""

    monitor: str | None = option(None, "the validation metric that ranks the files", min_length=1)
    mode: Literal["min", "max"] = option("min", "whether less or more of the metric is better")
    save_top_k: int = option(1, "how many of the best are kept; -1 keeps all", ge=-1)
    save_last: bool = option(True, "write last.ckpt at every save")
    every_n_epochs: int | None = option(1, "save at the end of every so many epochs", ge=1)
    every_n_train_steps: int | None = option(None, "save every so many optimizer steps", ge=1)
    train_time_interval: Seconds | None = option(
        1800.0, "save after so much time: HH:MM:SS or seconds; null never does", gt=0
    )
    filename: str = option("{epoch}-{step}", "file name; {val_loss:.2f} is filled in")
    save_weights_only: bool = option(False, "leave out what a resume needs")
    async_save: bool = option(False, "write the shards of fsdp while training goes on")

    @field_validator("filename")
    @classmethod
    def check_filename(cls, filename: str) -> str:
        """The file name, if metrics can be filled in and it stays in its folder."""
        if fault := filename_fault(filename):
            raise ValueError(fault)
        return filename


class EarlyStopping(Part):
    """When training ends before its limits."""

    monitor: str = option(..., "the validation metric that is watched", min_length=1)
    mode: Literal["min", "max"] = option("min", "whether less or more of the metric is better")
    patience: int = option(3, "validations without improvement before training ends", ge=0)
    min_delta: float = option(0.0, "an improvement is more than this", ge=0)
    check_finite: bool = option(True, "end training when the metric is NaN or infinite")
    stopping_threshold: float | None = option(None, "end training when the metric is this good")
    divergence_threshold: float | None = option(None, "end training when it is worse than this")
