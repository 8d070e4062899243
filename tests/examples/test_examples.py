"""The committed examples are what lgen makes today."""

import filecmp
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
OPTIONS = {
    "digits": [],
    "digits-ddp": [
        "accelerator=cpu",
        "devices=2",
        "strategy=ddp",
        "precision=bf16-mixed",
        "accumulate_grad_batches=4",
        "gradient_clip_val=1.0",
        "checkpoint.save_top_k=3",
        "loggers=[csv, tensorboard]",
    ],
    "gpt": [],
    "gan": [],
    "autoencoder": [],
    "everything": [],
}
# the examples of another starter than digits
STARTERS = {
    "gpt": "gpt",
    "gan": "gan",
    "autoencoder": "autoencoder",
    "everything": str(Path(__file__).parent / "everything"),
}


def files_below(folder: Path) -> set[str]:
    """The paths of all files, without those that running a project leaves."""
    left_over = {"__pycache__", ".pytest_cache", "runs"}
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not left_over & set(path.relative_to(folder).parts)
    }


@pytest.mark.parametrize("name", OPTIONS)
def test_example_is_regenerated_unchanged(name: str, tmp_path: Path, rewrite: bool) -> None:
    """`lgen new` with the example's options gives the committed files, byte for byte."""
    sets = [word for option in OPTIONS[name] for word in ("--set", option)]
    starter = ["--starter", STARTERS.get(name, "digits")]
    command = [sys.executable, "-m", "lgen", "new", name, "--defaults", *starter, *sets]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60, capture_output=True)
    made, committed = tmp_path / name, EXAMPLES / name
    if rewrite:
        shutil.rmtree(committed, ignore_errors=True)
        shutil.copytree(made, committed)
    assert files_below(made) == files_below(committed)
    _, differing, unreadable = filecmp.cmpfiles(
        made, committed, sorted(files_below(made)), shallow=False
    )
    assert not differing and not unreadable, "run: pytest tests/examples --rewrite"
