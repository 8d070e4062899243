"""A small convolutional network that reads 8x8 images of digits."""

import torch.nn.functional as F
from torch import Tensor, nn


class Classifier(nn.Module):
    """Two convolutions and a hidden layer; `hidden` is that layer's width."""

    def __init__(self, hidden: int = 128, dropout: float = 0.25) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),  # 8x8 -> 4x4
        )
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(64 * 4 * 4, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),
        )

    def forward(self, images: Tensor) -> Tensor:
        """The logits (batch, 10) of images (batch, 1, 8, 8)."""
        return self.head(self.features(images))

    def training_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.loss_and_accuracy(batch)

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.loss_and_accuracy(batch)

    def test_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.loss_and_accuracy(batch)

    def predict_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """The most likely digit of each image and its probability, both (batch,)."""
        images, _ = batch
        probability, digit = self(images).softmax(dim=1).max(dim=1)
        return {"digit": digit, "probability": probability}

    def loss_and_accuracy(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """The mean cross-entropy and the share of right answers."""
        images, labels = batch
        logits = self(images)
        accuracy = (logits.argmax(dim=1) == labels).float().mean()
        return {"loss": F.cross_entropy(logits, labels), "acc": accuracy}
