"""Every pair of values, and random combinations of all: rendered, and no line too many."""

import random

import pytest

from lgen.generate import generate
from lgen.plan import make_plan
from lgen.spec.options import Spec
from lgen.user_code.classes import UserData
from tests.combinations.combine import (
    DATA_FAULT,
    ORPHAN,
    Row,
    broken,
    default_row,
    options,
    random_rows,
    refuse,
)
from tests.combinations.cover import (
    completed,
    read_pairs,
    read_refused,
    said,
    uncovered,
    write_pairs,
)
from tests.combinations.dead_code import faults
from tests.combinations.values import VALUES

SEED = 20260101
CHUNKS = 10


def rendered(row: Row) -> dict[str, str]:
    """The generated files of a combination."""
    from tests.combinations.combine import classes

    module, data = classes(row)
    assert isinstance(data, UserData)
    return generate(make_plan(Spec.model_validate(options(row)), module, data))


def check(rows: list[Row]) -> None:
    """Fails with the spec of each combination that has a fault."""
    found = [f"{options(row)}\n  {fault}" for row in rows for fault in faults(rendered(row))]
    assert not found, "\n".join(found)


def test_the_defaults_are_a_valid_combination() -> None:
    """The first value of each option makes a project."""
    check([default_row()])


@pytest.mark.parametrize("name", VALUES)
def test_each_value(name: str) -> None:
    """Every value of the option, in a combination of its own."""
    draw = random.Random(SEED)
    rows = [completed(((name, p), (name, p)), {}, draw) for p in range(len(VALUES[name]))]
    assert all(rows), f"{name}: a value is in no valid combination"
    check([row for row in rows if row])


def test_pairs_are_covered_or_refused(rewrite: bool) -> None:
    """Every pair of values stands in pairs.txt, or in refused.txt with the rules that refuse it.

    --rewrite writes both anew.
    """
    if rewrite:
        write_pairs()
    rows = read_pairs()
    assert not any(broken(row) for row in rows), "run: pytest tests/combinations --rewrite"
    assert {said(pair) for pair in uncovered(rows)} == set(read_refused())


def test_each_refusal_is_by_its_rules() -> None:
    """The rules that refused.txt names leave no combination with the pair, and fewer leave one."""
    refused = read_refused()
    for pair in uncovered(read_pairs()):
        rules = refused[said(pair)]
        assert refuse(pair, rules) == rules, pair
        for rule in rules:
            assert not refuse(pair, rules - {rule}), (pair, rule)


def test_a_rule_depends_on_its_options_alone() -> None:
    """A broken rule stays so whatever the other options are: else a refusal would prove nothing."""
    draw = random.Random(SEED)
    seen = set()
    for _ in range(400):
        kept = draw.choice([0.1, 0.3, 1.0])
        row = {n: draw.randrange(len(v)) if draw.random() < kept else 0 for n, v in VALUES.items()}
        for rule, places in broken(row).items():
            others = {
                n: p if n in places else draw.randrange(len(VALUES[n])) for n, p in row.items()
            }
            found = broken(others)
            # what cannot be written or read is looked at no further
            assert rule in found or ORPHAN in found or DATA_FAULT in found, (rule, row, others)
            seen.add(rule)
    assert len(seen) > 40


def test_a_refused_pair_breaks_a_rule() -> None:
    """What is in no combination of pairs.txt breaks a rule beside any other options tried."""
    draw = random.Random(SEED)
    for pair in uncovered(read_pairs()):
        kept = default_row() | dict(pair)
        others = [n for n in VALUES if n not in dict(pair)]
        for _ in range(5):
            row = kept | {n: draw.randrange(len(VALUES[n])) for n in draw.sample(others, 10)}
            assert broken(row), pair


@pytest.mark.parametrize("chunk", range(CHUNKS // 2))
def test_pairs(chunk: int) -> None:
    """A part of the combinations that hold all pairs; all of them with -m slow."""
    check(read_pairs()[chunk :: CHUNKS * 4])


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS * 4))
def test_all_pairs(chunk: int) -> None:
    """All pairs of all values."""
    check(read_pairs()[chunk :: CHUNKS * 4])


@pytest.mark.parametrize("chunk", range(CHUNKS // 2))
def test_random_combinations(chunk: int) -> None:
    """10 combinations in which every option has a random value."""
    check(list(random_rows(10, SEED + chunk)))


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(100))
def test_many_random_combinations(chunk: int) -> None:
    """2,000 combinations in all."""
    check(list(random_rows(20, SEED + 1000 + chunk)))
