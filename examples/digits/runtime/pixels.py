"""Images as bytes."""

from typing import Any

import torch
from torch import Tensor

CHANNELS = (1, 3, 4)  # gray, RGB, RGB and opacity


def pixels(name: str, image: Any) -> Tensor:
    """Return an image of shape (channels, height, width) as bytes on the CPU.

    Floats in [0, 1] become 0 to 255, what lies outside the nearest of these; of booleans, true is
    white. Raises ValueError for other shapes, and for integers that are no bytes.
    """
    given = torch.as_tensor(image).detach().cpu()
    if given.dim() != 3 or len(given) not in CHANNELS:
        raise ValueError(
            f"image {name} has the shape {tuple(given.shape)}; it needs (channels, height, "
            "width) with 1, 3 or 4 channels"
        )
    if given.is_floating_point() or given.dtype == torch.bool:
        given = given.float().clamp(0, 1).mul(255).round().to(torch.uint8)
    if given.dtype != torch.uint8:
        raise ValueError(
            f"image {name} is of {given.dtype}; it needs floats from 0 to 1, torch.uint8 from "
            "0 to 255 or torch.bool"
        )
    return given
