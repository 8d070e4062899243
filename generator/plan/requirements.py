"""The packages that a project needs, from what its files import."""

from __future__ import annotations

import sys
from collections.abc import Iterable

# what emitted code and runtime modules import
_KNOWN = {
    "numpy": "numpy",
    "psutil": "psutil",
    "pynvml": "nvidia-ml-py",
    "tensorboard": "tensorboard",
    "torch": "torch>=2.7,<3",
    "torchmetrics": "torchmetrics>=1.5",
    "tqdm": "tqdm>=4.66",
    "tyro": "tyro>=0.9",
}
# packages that are installed under another name than they are imported by
_INSTALLED_AS = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


def requirements(modules: Iterable[str], own: Iterable[str]) -> list[str]:
    """The requirements of a project whose files import these top-level modules.

    `own` are the project's own modules and folders.
    """
    packages = set(modules) - set(own) - {"runtime", "train", "pytest"} - sys.stdlib_module_names
    found = {_KNOWN.get(name, _INSTALLED_AS.get(name, name)) for name in packages}
    return sorted(found, key=str.lower)
