"""An autoencoder that squeezes 8x8 images of digits into a few numbers."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Autoencoder(nn.Module):
    """An encoder to `code` numbers and a decoder back; `hidden` is the width of both."""

    def __init__(self, code: int = 8, hidden: int = 256) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(),
            nn.Linear(64, hidden),
            nn.GELU(),
            nn.Linear(hidden, code),
        )
        self.decoder = nn.Sequential(
            nn.Linear(code, hidden),
            nn.GELU(),
            nn.Linear(hidden, 64),
            nn.Sigmoid(),
            nn.Unflatten(1, (1, 8, 8)),
        )

    def forward(self, images: Tensor) -> Tensor:
        """The images (batch, 1, 8, 8) as they come back from their codes."""
        return self.decoder(self.encoder(images))

    def training_step(self, batch: list[Tensor]) -> dict[str, Tensor]:
        (images,) = batch
        return {"loss": F.mse_loss(self(images), images)}

    def validation_step(self, batch: list[Tensor], batch_idx: int, log: Any) -> dict[str, Tensor]:
        (images,) = batch
        back = self(images)
        if batch_idx == 0:
            log.image("reconstruction", beside(images[:16], back[:16]))
        return {"loss": F.mse_loss(back, images)}


def beside(images: Tensor, back: Tensor) -> Tensor:
    """The images in a row and what came back of each below it, as one (1, height, width).

    There is black between them, and a pixel becomes a square of 4 by 4.
    """
    both = F.pad(torch.stack([images, back]), (1, 1, 1, 1)).squeeze(2)
    whole = both.transpose(1, 2).flatten(2).flatten(0, 1).unsqueeze(0)
    return whole.repeat_interleave(4, dim=1).repeat_interleave(4, dim=2)
