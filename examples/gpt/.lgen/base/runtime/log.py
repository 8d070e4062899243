"""What a step or a hook writes by itself: single values, images, histograms and texts."""

from collections.abc import Mapping
from copy import copy
from typing import Any, Protocol

from torch import Tensor

from runtime.pixels import pixels


class ScalarLogger(Protocol):
    """What the loggers of scalars have in common."""

    def log(self, metrics: Mapping[str, float], *, step: int, epoch: int) -> None:
        """Write the metrics at the step."""


class ImageWriter(Protocol):
    """What writes images to files."""

    def write(self, name: str, image: Tensor, step: int) -> None:
        """Write the image of a step, in bytes."""


class Log:
    """Writes at the current step and epoch, which train.py sets.

    Scalars go to every logger; the rest goes to TensorBoard, images to files too. What no logger
    takes is dropped, so on other ranks than the first a log without loggers is silent.
    """

    def __init__(
        self, *loggers: ScalarLogger, tensorboard: Any = None, images: ImageWriter | None = None
    ) -> None:
        self.loggers = loggers
        self.tensorboard = tensorboard
        self.images = images
        self.prefix = ""
        self.step = 0
        self.epoch = 0

    def under(self, prefix: str) -> "Log":
        """Return a log at the same step that puts the prefix before every name."""
        log = copy(self)
        log.prefix = self.prefix + prefix
        return log

    def scalar(self, name: str, value: Any) -> None:
        """Write one number; a tensor is read, which waits for the device."""
        for logger in self.loggers:
            logger.log({self.prefix + name: float(value)}, step=self.step, epoch=self.epoch)

    def image(self, name: str, image: Any) -> None:
        """Write an image of shape (channels, height, width), floats in [0, 1], bytes or bools."""
        name = self.prefix + name
        if self.images is not None:
            self.images.write(name, pixels(name, image), self.step)
        if self.tensorboard is not None:
            self.tensorboard.writer.add_image(name, pixels(name, image), self.step)

    def histogram(self, name: str, values: Any) -> None:
        """Write how the values of a tensor are distributed."""
        if self.tensorboard is not None:
            self.tensorboard.writer.add_histogram(self.prefix + name, values, self.step)

    def text(self, name: str, text: str) -> None:
        """Write a text, which may hold Markdown."""
        if self.tensorboard is not None:
            self.tensorboard.writer.add_text(self.prefix + name, text, self.step)
