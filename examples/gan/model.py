"""A generative adversarial network that learns to draw digits of 8x8 pixels."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Gan(nn.Module):
    """A generator that draws images out of noise, and a discriminator that tells these from real
    images.

    `latent` is how many numbers an image is made of, `hidden` the width of both networks.
    """

    shown: Tensor

    def __init__(self, latent: int = 32, hidden: int = 128) -> None:
        super().__init__()
        self.latent = latent
        self.generator = nn.Sequential(
            nn.Linear(latent, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, 64),
            nn.Sigmoid(),
            nn.Unflatten(1, (1, 8, 8)),
        )
        self.discriminator = nn.Sequential(
            nn.Flatten(),
            nn.Linear(64, hidden),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(hidden, 1),
        )
        # the same noise in every grid shows how the images change
        self.register_buffer("shown", torch.randn(64, latent))

    def draw(self, number: int) -> Tensor:
        """Draw `number` images from new noise: (number, 1, 8, 8), pixels from 0 to 1."""
        return self.generator(torch.randn(number, self.latent, device=self.shown.device))

    def discriminator_step(self, batch: list[Tensor]) -> dict[str, Tensor]:
        """Learn to tell real images from drawn ones; the generator is frozen here."""
        (images,) = batch
        real = self.discriminator(images)
        drawn = self.discriminator(self.draw(len(images)))
        loss = cross_entropy(real, 1.0) + cross_entropy(drawn, 0.0)
        return {"loss": loss, "real": real.sigmoid().mean(), "drawn": drawn.sigmoid().mean()}

    def generator_step(self, batch: list[Tensor]) -> dict[str, Tensor]:
        """Learn to draw what the discriminator takes for real; it is frozen here."""
        (images,) = batch
        drawn = self.discriminator(self.draw(len(images)))
        return {"loss": cross_entropy(drawn, 1.0)}

    def validation_step(self, batch: list[Tensor]) -> dict[str, Tensor]:
        """How real the discriminator finds images that it has not seen, and drawn ones."""
        (images,) = batch
        real = self.discriminator(images).sigmoid().mean()
        drawn = self.discriminator(self.draw(len(images))).sigmoid().mean()
        return {"real": real, "drawn": drawn}

    def on_validation_epoch_end(self, log: Any) -> None:
        """Log 64 drawn images as a square of 8 by 8."""
        log.image("drawn", grid(self.generator(self.shown), columns=8))


def cross_entropy(logits: Tensor, target: float) -> Tensor:
    """The mean binary cross-entropy of logits that all have one target: 1 is real, 0 is drawn."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def grid(images: Tensor, columns: int) -> Tensor:
    """The images (number, 1, height, width) in rows of `columns`, as one (1, height, width).

    There is black between them, and a pixel becomes a square of 4 by 4.
    """
    rows = F.pad(images, (1, 1, 1, 1)).squeeze(1).unflatten(0, (-1, columns))
    whole = rows.transpose(1, 2).flatten(2).flatten(0, 1).unsqueeze(0)
    return whole.repeat_interleave(4, dim=1).repeat_interleave(4, dim=2)
