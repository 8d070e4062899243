"""Images as PNG files."""

from pathlib import Path

from PIL import Image
from torch import Tensor

MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # by the number of channels


class ImageFiles:
    """A folder of images, which is made when the first one is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, image: Tensor, step: int) -> None:
        """Write the bytes of an image of shape (channels, height, width).

        Its file is called name-step=6.png; a step that a resumed run makes again replaces it.
        """
        rows = image.permute(1, 2, 0).contiguous()
        size = (rows.shape[1], rows.shape[0])
        made = Image.frombytes(MODES[rows.shape[2]], size, rows.numpy().tobytes())
        self.folder.mkdir(parents=True, exist_ok=True)
        made.save(self.folder / f"{name.replace('/', '_')}-step={step}.png")
