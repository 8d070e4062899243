"""Renders of many specs with the origin of every line; they are kept for the next run."""

from __future__ import annotations

import hashlib
import pickle
import random
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lgen.generate import rendered_files
from lgen.plan import make_plan
from lgen.render import Rendered
from lgen.spec.options import Spec
from lgen.user_code.classes import UserData
from tests.combinations.combine import Row, classes, options, solved
from tests.combinations.projects import row_of
from tests.combinations.values import OPTIONS, VALUES

ROOT = Path(__file__).parents[2]
BASES: list[Row] = [
    row_of(),
    row_of(strategy="ddp", accumulate_grad_batches=3, precision="bf16-mixed"),
    row_of(
        accelerator="auto",
        gradient_clip_val=0.5,
        scheduler={"name": "CosineAnnealingLR"},
        early_stopping={"monitor": "val_loss"},
        loggers=["csv", "tensorboard"],
    ),
    row_of(strategy="fsdp", accelerator="cuda", checkpoint__monitor="val_loss"),
]
# what people change
COMMON: list[dict[str, object]] = [
    {"strategy": "ddp"},
    {"strategy": "fsdp", "accelerator": "cuda"},
    {"precision": "bf16-mixed"},
    {"precision": "16-mixed"},
    {"accumulate_grad_batches": 3},
    {"gradient_clip_val": 0.5},
    {"scheduler": {"name": "OneCycleLR", "max_lr": 0.1}},
    {"early_stopping": {"monitor": "val_loss"}},
    {"checkpoint": False},
    {"loggers": ["csv", "tensorboard"]},
    {"accelerator": "auto"},
    {"val": None, "validation_step": None, "checkpoint__monitor": None},
    {"test_step": None, "test": None},
    {"val_check_interval": 2},
    {"enable_progress_bar": False},
    {"compile": "step"},
    {"optimizer": {"name": "SGD", "lr": 0.01, "momentum": 0.9, "nesterov": True}},
    {"on_nonfinite": "skip"},
]


def common_rows(base: Row) -> Iterator[Row]:
    """The base with each of the common changes, as far as rules allow it."""
    for change in COMMON:
        chosen = {
            n.replace("__", "."): VALUES[n.replace("__", ".")].index(v) for n, v in change.items()
        }
        row = solved(base | chosen, set(chosen))
        if not isinstance(row, set) and row != base:
            yield row


def single_rows(base: Row) -> Iterator[Row]:
    """The base with each other value of each option."""
    for name, values in VALUES.items():
        for place in range(len(values)):
            if place != base[name]:
                row = solved(base | {name: place}, {name})
                if not isinstance(row, set):
                    yield row


def double_row(base: Row, draw: random.Random) -> Row:
    """The base with two other values drawn at random."""
    while True:
        names = draw.sample(list(OPTIONS), 2)
        row = solved(base | {n: draw.randrange(len(VALUES[n])) for n in names}, set(names))
        if not isinstance(row, set) and row != base:
            return row


@cache
def _folder() -> Path:
    """Where renders are kept, as long as what makes them stays as it is."""
    digest = hashlib.sha256()
    for folder in ("generator", "templates", "runtime", "tests/combinations"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in (".py", ".json") and "merge" not in file.parts:
                digest.update(file.read_bytes())
    found = Path(tempfile.gettempdir(), f"lgen-renders-{digest.hexdigest()[:16]}")
    found.mkdir(exist_ok=True)
    return found


_memory: dict[str, dict[str, Rendered]] = {}


def files_of(row: Row) -> dict[str, Rendered]:
    """The Python files of a spec that come from templates."""
    name = hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest()[:24]
    if name not in _memory:
        file = _folder() / name
        if not file.exists():
            module, data = classes(row)
            assert isinstance(data, UserData)
            files = rendered_files(make_plan(Spec.model_validate(options(row)), module, data))
            part = file.with_suffix(f".{random.getrandbits(40)}")
            part.write_bytes(pickle.dumps(files))
            part.replace(file)
        _memory[name] = pickle.loads(file.read_bytes())
    return _memory[name]


def pairs(number: int, seed: int) -> list[tuple[Row, Row]]:
    """Changes of options, there and back: single ones of every base, and double ones.

    So many singles are drawn for each base; each double is of two of these.
    """
    draw = random.Random(seed)
    found: list[tuple[Row, Row]] = []
    for base in BASES:
        rows = list(single_rows(base))
        rows = draw.sample(rows, min(number, len(rows)))
        found += [(base, row) for row in rows] + [(row, base) for row in rows]
        found += list(zip(rows[::2], rows[1::2], strict=False))
    draw.shuffle(found)
    return found
