"""No option is accepted and ignored: each changes the script, or is refused by a rule."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from lgen.plan import make_plan
from lgen.render import render
from lgen.spec.options import Spec
from lgen.user_code.classes import UserData
from tests.combinations.combine import Row, broken, classes, options, random_rows
from tests.combinations.cover import completed
from tests.combinations.values import OPTIONS

SEED = 5
# what may be written where it holds anyway, and no other value of the option can be
HONOURED: tuple[tuple[str, Any], ...] = (
    ("inference_mode", False),  # fsdp evaluates so
    ("limit_val_batches", 0),  # there is no validation
    ("limit_test_batches", 0),
    ("limit_predict_batches", 0),
    ("num_sanity_val_steps", 0),  # there is no validation
    ("pin_memory", False),  # on the cpu
    ("scheduler", {}),  # holds interval and frequency alone
    ("scheduler.interval", "validation"),  # of a plateau with one validation in each epoch
)
# what stands in the spec for the whole run, and waits while a short one is tried
WAITING: dict[str, tuple[str, ...]] = {
    "fast_dev_run": (
        *("max_epochs", "min_epochs", "max_steps", "min_steps", "max_time"),
        *(f"limit_{stage}_batches" for stage in ("train", "val", "test", "predict")),
        *("val_check_interval", "check_val_every_n_epoch", "num_sanity_val_steps"),
        "swa.swa_epoch_start",
        *("default_root_dir", "overfit_batches"),
    ),
    "overfit_batches": ("shuffle", "limit_train_batches", "limit_val_batches"),
}


def text(row: Row) -> list[str]:
    """train.py of a combination, and the launch file where there is one; not formatted."""
    module, data = classes(row)
    assert isinstance(data, UserData)
    context = make_plan(Spec.model_validate(options(row)), module, data).context
    files = ["train.py", "launch.sh"] if context["distributed"] else ["train.py"]
    return [render(f"project/{file}", context, format=False).text for file in files]


def ignored(row: Row) -> Iterator[str]:
    """The options whose other values give the same text, where none of them is refused."""
    written = text(row)
    for name, values in OPTIONS.items():
        if row[name] == 0 or (name, values[row[name]]) in HONOURED:
            continue
        if any(row[short] and name in waiting for short, waiting in WAITING.items()):
            continue
        others = [row | {name: place} for place in range(len(values)) if place != row[name]]
        # what another option needs is read
        if not broken(others[0]) and all(broken(o) or text(o) == written for o in others):
            yield f"{name}: {values[row[name]]}"


def check(rows: list[Row]) -> None:
    """Fails with the spec of each combination that has an option too many."""
    found = [f"{name} in {options(row)}" for row in rows for name in ignored(row)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", OPTIONS)
def test_each_value_beside_defaults(name: str) -> None:
    """Every value of the option where as little else as possible is given."""
    draw = random.Random(SEED)
    pairs = [((name, place), (name, place)) for place in range(1, len(OPTIONS[name]))]
    check([row for pair in pairs if (row := completed(pair, {}, draw))])


def test_random_combinations() -> None:
    """40 combinations in which every option has a random value."""
    check(list(random_rows(40, SEED)))


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(20))
def test_many_random_combinations(chunk: int) -> None:
    """1,000 combinations in all."""
    check(list(random_rows(50, SEED + 1 + chunk)))
