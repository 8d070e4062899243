"""A generative adversarial network that learns to draw digits of 8x8 pixels."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Gan(nn.Module):
    """A generator that draws images out of noise, and a discriminator that knows real ones.

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
        """So many new images (number, 1, 8, 8), pixels from 0 to 1."""
        return self.generator(torch.randn(number, self.latent, device=self.shown.device))

    def discriminator_step(self, batch: Any) -> dict[str, Tensor]:
        """Tell the real images from drawn ones; the generator is frozen here."""
        (images,) = batch
        real = self.discriminator(images)
        drawn = self.discriminator(self.draw(len(images)))
        loss = F.softplus(-real).mean() + F.softplus(drawn).mean()
        return {"loss": loss, "real": real.sigmoid().mean(), "drawn": drawn.sigmoid().mean()}

    def generator_step(self, batch: Any) -> dict[str, Tensor]:
        """Draw what the discriminator takes for real; the discriminator is frozen here."""
        (images,) = batch
        return {"loss": F.softplus(-self.discriminator(self.draw(len(images)))).mean()}

    def validation_step(self, batch: Any) -> dict[str, Tensor]:
        """How real the discriminator finds images that it has not seen, and drawn ones."""
        (images,) = batch
        real = self.discriminator(images).sigmoid().mean()
        drawn = self.discriminator(self.draw(len(images))).sigmoid().mean()
        return {"real": real, "drawn": drawn}

    def on_validation_epoch_end(self, log: Any) -> None:
        """Show 64 images in a square."""
        log.image("drawn", grid(self.generator(self.shown), columns=8))


def grid(images: Tensor, columns: int) -> Tensor:
    """The images (number, 1, height, width) in rows of so many, as one with black between them."""
    rows = F.pad(images, (1, 1, 1, 1)).squeeze(1).unflatten(0, (-1, columns))
    return rows.transpose(1, 2).flatten(2).flatten(0, 1).unsqueeze(0)
