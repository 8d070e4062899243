"""The settings of a run for TensorBoard's table of hyperparameters."""

from collections.abc import Mapping
from typing import Any

from torch.utils.tensorboard.summary import hparams

from runtime.tensorboard_logger import TensorBoardLogger


def log_hyperparameters(
    tensorboard: TensorBoardLogger, settings: Mapping[str, Any], metric: str
) -> None:
    """Write the settings beside the run's scalars; the table shows the last value of the metric."""
    plain = {
        name: value if isinstance(value, (bool, int, float, str)) else str(value)
        for name, value in settings.items()
    }
    experiment, start, _ = hparams(plain, {metric: 0.0})  # type: ignore[no-untyped-call]
    for summary in (experiment, start):
        tensorboard.writer.file_writer.add_summary(summary)  # type: ignore[attr-defined]
    tensorboard.flush()
