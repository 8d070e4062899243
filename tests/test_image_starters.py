"""The starters gan and autoencoder as a new user makes them: both learn what one can see."""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import SVC
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.support.commands import run


def made(folder: Path, starter: str, *settings: str) -> Path:
    """Make a project of the starter with these settings."""
    sets = [word for setting in settings for word in ("--set", setting)]
    command = [sys.executable, "-m", "lgen", "new", starter, "--starter", starter, "--defaults"]
    run([*command, *sets], folder, 60)
    return folder / starter


def digits() -> tuple[Any, Any]:
    """The real images as rows of pixels from 0 to 1, and their labels."""
    found = load_digits()
    return found.data / 16, found.target


def images_of(project: Path, name: str) -> dict[int, tuple[int, int]]:
    """The sizes of the files that log.image wrote under the name, by step.

    TensorBoard has the same pixels at the same steps.
    """
    run_folder = project / "runs" / "version_0"
    events = EventAccumulator(str(run_folder / "tensorboard/fit"), {"images": 0}).Reload()
    logged = {event.step: (event.width, event.height) for event in events.Images(name)}
    files = list((run_folder / "images/fit").iterdir())
    found = {int(path.stem.partition("-step=")[2]): Image.open(path).size for path in files}
    assert found == logged and len(files) == len(logged)
    return found


# draws 500 images by the weights of the last checkpoint
DRAW = """
import torch
from model import Gan

torch.manual_seed(0)
model = Gan()
model.load_state_dict(torch.load("runs/version_0/checkpoints/last.ckpt")["model"])
torch.save(model.draw(500).detach(), "drawn.pt")
"""


def test_gan_draws_every_digit(tmp_path: Path) -> None:
    """A classifier of real digits finds each of the ten among what is drawn.

    An image is half as far from the nearest real one as noise is, or nearer.
    """
    project = made(tmp_path, "gan", "accelerator=cpu")
    run([sys.executable, "train.py"], project, 500)
    run([sys.executable, "-c", DRAW], project, 100)
    drawn = torch.load(project / "drawn.pt").flatten(1).numpy()
    pixels, labels = digits()
    found = np.bincount(SVC().fit(pixels, labels).predict(drawn), minlength=10)
    assert found.min() >= 5, found  # of 500
    nearest = NearestNeighbors(n_neighbors=1).fit(pixels)
    noise = np.random.default_rng(0).random(drawn.shape)
    far, further = (nearest.kneighbors(images)[0].mean() for images in (drawn, noise))
    assert far < 0.5 * further
    images = images_of(project, "drawn")
    assert len(images) == 8 and set(images.values()) == {(320, 320)}
    last = Image.open(project / "runs/version_0/images/fit" / f"drawn-step={max(images)}.png")
    large = np.asarray(last)
    pixel = large[::4, ::4]  # of each square of 4 by 4
    assert np.array_equal(large, pixel.repeat(4, axis=0).repeat(4, axis=1))
    seen = pixel.reshape(8, 10, 8, 10)[:, 1:9, :, 1:9].transpose(0, 2, 1, 3)
    # what the file shows is as near to real digits as what is drawn
    assert nearest.kneighbors(seen.reshape(64, 64) / 255)[0].mean() < 0.5 * further


def test_autoencoder_beats_principal_components(tmp_path: Path) -> None:
    """Its 8 numbers hold more of an image that it has not seen than the best 8 linear ones."""
    project = made(tmp_path, "autoencoder", "accelerator=cpu")
    run([sys.executable, "train.py"], project, 500)
    with (project / "runs/version_0/metrics.csv").open() as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file) if row["val_loss"]]
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(0)).numpy()
    pixels, _ = digits()
    train, val = pixels[order[:1527]], pixels[order[1527:]]
    components = PCA(8).fit(train)
    back = components.inverse_transform(components.transform(val))
    assert min(losses) < 0.8 * ((back - val) ** 2).mean()
    images = images_of(project, "reconstruction")
    assert len(images) == 60 and set(images.values()) == {(640, 80)}


def test_emitted_tests_of_gan_pass(tmp_path: Path) -> None:
    """The project's own tests pass right after it is made."""
    project = made(tmp_path, "gan")
    run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], project, 300)
