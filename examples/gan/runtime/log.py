"""What a run writes: its metrics, and the values, images, histograms and texts of a hook."""

from collections.abc import Mapping
from copy import copy
from typing import Any, Protocol

from torch import Tensor

from runtime.pixels import pixels


class Logger(Protocol):
    """What the loggers of metrics have in common."""

    def log(self, metrics: Mapping[str, float], *, step: int, epoch: int) -> None:
        """Write the metrics at the step."""

    def state_dict(self) -> Mapping[str, Any]:
        """Return how much is written so far."""

    def load_state_dict(self, state: Any, /) -> None:
        """Drop what was written after the state was saved."""

    def drop_after(self, step: int) -> None:
        """Drop what was written of later steps, where no state says how much is to stay."""


class ImageWriter(Protocol):
    """What writes images to files."""

    def write(self, name: str, image: Tensor, step: int) -> None:
        """Write the image of a step, in bytes."""


class Log:
    """Hands what is logged to every logger that takes it; without loggers it drops all.

    What a step or a hook writes is of the current step and epoch, which train.py sets. Metrics and
    scalars go to every logger; the rest goes to TensorBoard, images to files too.
    """

    def __init__(
        self, *loggers: Logger, tensorboard: Any = None, images: ImageWriter | None = None
    ) -> None:
        self.loggers: list[Logger] = [*loggers, *([] if tensorboard is None else [tensorboard])]
        self.tensorboard = tensorboard
        self.images = images
        self.prefix = ""
        self.step = 0
        self.epoch = 0

    def under(self, prefix: str) -> "Log":
        """Return a log at the same step that puts the prefix before every name of a hook."""
        log = copy(self)
        log.prefix = self.prefix + prefix
        return log

    def metrics(self, metrics: Mapping[str, float], *, step: int, epoch: int) -> None:
        """Write the metrics of a step as one row."""
        for logger in self.loggers:
            logger.log(metrics, step=step, epoch=epoch)

    def scalar(self, name: str, value: Any) -> None:
        """Write one number; a tensor is read, which waits for the device."""
        if name in ("step", "epoch"):
            raise ValueError(f"log.scalar: every row has a column {name}; take another name")
        if self.loggers:
            self.metrics({self.prefix + name: float(value)}, step=self.step, epoch=self.epoch)

    def image(self, name: str, image: Any) -> None:
        """Write an image of shape (channels, height, width), floats in [0, 1], bytes or bools."""
        if self.images is None and self.tensorboard is None:
            return
        name = self.prefix + name
        given = pixels(name, image)
        if self.images is not None:
            self.images.write(name, given, self.step)
        if self.tensorboard is not None:
            self.tensorboard.writer.add_image(name, given, self.step)
            self.tensorboard.flush()

    def histogram(self, name: str, values: Any) -> None:
        """Write how the values of a tensor are distributed."""
        if self.tensorboard is not None:
            self.tensorboard.writer.add_histogram(self.prefix + name, values, self.step)
            self.tensorboard.flush()

    def text(self, name: str, text: str) -> None:
        """Write a text, which may hold Markdown."""
        if self.tensorboard is not None:
            self.tensorboard.writer.add_text(self.prefix + name, text, self.step)
            self.tensorboard.flush()

    def state_dict(self) -> dict[str, Mapping[str, Any]]:
        """Return how much each logger has written so far."""
        return {type(logger).__name__: logger.state_dict() for logger in self.loggers}

    def load_state_dict(self, states: Mapping[str, Any], step: int) -> None:
        """Drop what was written after the states were saved at the step."""
        for logger in self.loggers:
            if type(logger).__name__ in states:
                logger.load_state_dict(states[type(logger).__name__])
            else:
                logger.drop_after(step)

    def close(self) -> None:
        """Write what TensorBoard has not written yet."""
        if self.tensorboard is not None:
            self.tensorboard.close()
