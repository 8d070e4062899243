"""What the table of torch's optimizers and schedulers holds, and what is said of each argument."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from lgen.tables.torch_meanings import meaning
from lgen.tables.torch_optim import Kind, classes
from tests.support.projects import make_project

ROOT = Path(__file__).parents[2]


def test_table_is_what_the_tool_writes() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "write_torch_tables.py"))
    assert tool["TABLE"].read_text(encoding="utf-8") == tool["table_text"]()


@pytest.mark.parametrize("kind", ["optimizers", "schedulers"])
def test_every_argument_is_explained_within_its_line(kind: Kind) -> None:
    """Also where the name of one of several optimizers stands before it."""
    for name, found in classes(kind).items():
        for argument, row in found.get("args", {}).items():
            if "refused" in row:
                continue
            text = meaning(kind, name, argument, "epochs")
            assert text, (name, argument)
            if row["type"] in ("bool", "float", "int", "tuple[float, float]"):
                default = row.get("default", 100)
                value = tuple(default) if isinstance(default, list) else default
                line = f"    discriminator_{argument}: {row['type']} = {value}  # {text}"
                assert len(line) <= 100, line


STEP_LR = {"name": "StepLR", "step_size": 3}
PLATEAU = {"name": "ReduceLROnPlateau", "monitor": "val_loss", "cooldown": 3}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"scheduler": STEP_LR}, "step_size: int = 3  # epochs between decays"),
        (
            {"scheduler": {**STEP_LR, "interval": "step"}},
            "step_size: int = 3  # steps between decays",
        ),
        (
            {"scheduler": {**STEP_LR, "frequency": 2}},
            "step_size: int = 3  # scheduler steps between decays",
        ),
        (
            {"scheduler": PLATEAU, "check_val_every_n_epoch": 2},
            "cooldown: int = 3  # validated epochs after a decay that do not count",
        ),
        (
            {"optimizer": {"name": "lion_pytorch.Lion", "lr": 0.1}},
            "lr: float = 0.1  # argument of Lion",
        ),
    ],
)
def test_a_setting_says_what_it_means(tmp_path: Path, options: dict[str, Any], line: str) -> None:
    """With the unit that its scheduler counts; of an unknown class only whose argument it is."""
    script = make_project(tmp_path, options) / "train.py"
    assert f"\n    {line}\n" in script.read_text()
