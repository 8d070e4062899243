"""What a step or a hook writes by itself: single values, images, histograms and texts."""

from collections.abc import Mapping
from typing import Any, Protocol


class ScalarLogger(Protocol):
    """What the loggers of scalars have in common."""

    def log(self, metrics: Mapping[str, float], *, step: int, epoch: int) -> None:
        """Write the metrics at the step."""


class ImageWriter(Protocol):
    """What writes images to files."""

    def write(self, name: str, image: Any, step: int) -> None:
        """Write the image of a step."""


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
        self.step = 0
        self.epoch = 0

    def scalar(self, name: str, value: Any) -> None:
        """Write one number; a tensor is read, which waits for the device."""
        for logger in self.loggers:
            logger.log({name: float(value)}, step=self.step, epoch=self.epoch)

    def image(self, name: str, image: Any) -> None:
        """Write an image of shape (channels, height, width), floats in [0, 1] or bytes."""
        if self.images is not None:
            self.images.write(name, image, self.step)
        if self.tensorboard is not None:
            self.tensorboard.writer.add_image(name, image, self.step)

    def histogram(self, name: str, values: Any) -> None:
        """Write how the values of a tensor are distributed."""
        if self.tensorboard is not None:
            self.tensorboard.writer.add_histogram(name, values, self.step)

    def text(self, name: str, text: str) -> None:
        """Write a text, which may hold Markdown."""
        if self.tensorboard is not None:
            self.tensorboard.writer.add_text(name, text, self.step)
