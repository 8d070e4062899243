"""Images as PNG files."""

from pathlib import Path
from typing import Any

import torch
from PIL import Image

MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # by the number of channels


class ImageFiles:
    """A folder of images, which is made when the first one is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, image: Any, step: int) -> None:
        """Write an image of shape (channels, height, width), floats in [0, 1] or bytes.

        Its file is called name-step=6.png; a step that a resumed run makes again replaces it.
        """
        pixels = torch.as_tensor(image).detach().cpu()
        if pixels.dim() != 3 or len(pixels) not in MODES:
            raise ValueError(
                f"image {name} has the shape {tuple(pixels.shape)}; it needs (channels, height, "
                "width) with 1, 3 or 4 channels"
            )
        if pixels.is_floating_point():
            pixels = pixels.float().clamp(0, 1).mul(255).round()
        pixels = pixels.to(torch.uint8).permute(1, 2, 0).contiguous()
        size = (pixels.shape[1], pixels.shape[0])
        made = Image.frombytes(MODES[pixels.shape[2]], size, pixels.numpy().tobytes())
        self.folder.mkdir(parents=True, exist_ok=True)
        made.save(self.folder / f"{name.replace('/', '_')}-step={step}.png")
