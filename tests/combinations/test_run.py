"""Combinations really run for some steps on the CPU."""

import random
from itertools import combinations, product
from pathlib import Path

import pytest

from tests.combinations.combine import Row, default_row, mended, values
from tests.combinations.projects import processes, run, write_project
from tests.combinations.values import VALUES

SEED = 77
# what needs a device, two machines, minutes of compilation or a file, and is tested by itself
APART = (
    "accelerator",  # cpu, or auto on a machine that has nothing else
    "num_nodes",
    "compile",
    "init_from",
    "sync_batchnorm",
    "prefetch_to_device",
    # reports the overflows that half precision has
    "detect_anomaly",
)
# the options whose pairs of values are all run, each under one name with what belongs together
CORE: dict[str, tuple[dict[str, int], ...]] = {
    "strategy": ({"strategy": 0}, {"strategy": 1}, {"strategy": 2}),
    "precision": tuple({"precision": place} for place in range(6)),
    "accumulation": tuple({"accumulate_grad_batches": place} for place in range(3)),
    "clipping": (
        {"gradient_clip_val": 0},
        {"gradient_clip_val": 1, "gradient_clip_algorithm": 0},
        {"gradient_clip_val": 1, "gradient_clip_algorithm": 1},
    ),
    "checkpoint": (
        {"checkpoint": 0},
        {"checkpoint": 1},
        {"checkpoint": 0, "checkpoint.every_n_train_steps": 1},
        {"checkpoint": 0, "checkpoint.train_time_interval": 2},
        {"checkpoint": 0, "checkpoint.save_top_k": 3},
    ),
    "validation": (
        {"val_check_interval": 0, "check_val_every_n_epoch": 0, "limit_val_batches": 0},
        {"limit_val_batches": 3},
        {"val_check_interval": 1, "check_val_every_n_epoch": 0, "limit_val_batches": 0},
        {"val_check_interval": 2, "check_val_every_n_epoch": 0, "limit_val_batches": 0},
        {"val_check_interval": 0, "check_val_every_n_epoch": 1, "limit_val_batches": 0},
        {"val_check_interval": 1, "check_val_every_n_epoch": 2, "limit_val_batches": 0},
    ),
}


def core_rows() -> list[Row]:
    """Combinations that hold every pair of values of CORE; all else is random."""
    draw = random.Random(SEED)
    places = {name: range(len(of)) for name, of in CORE.items()}
    left = {
        ((a, i), (b, j))
        for a, b in combinations(sorted(CORE), 2)
        for i, j in product(places[a], places[b])
    }
    rows = []
    while left:
        start = dict(draw.choice(sorted(left)))
        best: dict[str, int] = {}
        for _ in range(200):
            full = {name: start.get(name, draw.choice(places[name])) for name in CORE}
            if _gain(full, left) > _gain(best, left):
                best = full
        left -= set(combinations(sorted(best.items()), 2))
        rows.append(_completed(best, draw))
    return rows


def _gain(of: dict[str, int], left: set[tuple[tuple[str, int], tuple[str, int]]]) -> int:
    return len(left & set(combinations(sorted(of.items()), 2)))


def _completed(core: dict[str, int], draw: random.Random) -> Row:
    """A valid combination with these values of CORE."""
    fixed = {k: v for name, place in core.items() for k, v in CORE[name][place].items()}
    fixed |= {name: 0 for name in APART}
    for _ in range(200):
        fixed["accelerator"] = draw.randrange(2)
        row = {n: draw.randrange(len(v)) for n, v in VALUES.items()} | fixed
        found = mended(row, set(fixed), draw)
        if found is not None:
            return found
    raise AssertionError(f"no valid combination has {core}")


def value_rows() -> list[Row]:
    """Combinations that hold every value of every option."""
    draw = random.Random(SEED + 1)
    left = {(n, p) for n, v in VALUES.items() if n not in APART for p in range(len(v))}
    # needs CUDA graphs
    left -= {("optimizer", p) for p, v in enumerate(VALUES["optimizer"]) if "capturable" in v}
    rows = []
    while left:
        name, place = draw.choice(sorted(left))
        for _ in range(100):
            row = (
                {
                    n: draw.choice([p for p in range(len(v)) if (n, p) in left] or [0])
                    for n, v in VALUES.items()
                }
                | {n: 0 for n in APART}
                | {"accelerator": draw.randrange(2), name: place}
            )
            found = mended(row, {name, *APART}, draw)
            if found is not None:
                break
        else:
            raise AssertionError(f"no valid combination has {name}={VALUES[name][place]}")
        left -= set(found.items())
        rows.append(found)
    return rows


def run_row(folder: Path, row: Row) -> None:
    """Run a combination for two epochs, or for nine steps where it names no epochs."""
    settings = {} if values(row)["max_epochs"] else {"max_steps": 9}
    run(write_project(folder, row), processes(row), **settings)


CORE_ROWS = core_rows()
VALUE_ROWS = value_rows()


@pytest.mark.parametrize("number", range(len(CORE_ROWS)))
def test_core_pairs_run(tmp_path: Path, number: int) -> None:
    """Strategy, precision, accumulation, clipping, checkpoint and validation, pair by pair."""
    run_row(tmp_path / "project", CORE_ROWS[number])


@pytest.mark.parametrize("number", range(len(VALUE_ROWS)))
def test_every_value_runs(tmp_path: Path, number: int) -> None:
    """Each value of each option in a run."""
    run_row(tmp_path / "project", VALUE_ROWS[number])


def test_defaults_run(tmp_path: Path) -> None:
    """The combination of all defaults."""
    run_row(tmp_path / "project", default_row())
