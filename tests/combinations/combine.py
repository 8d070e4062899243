"""Valid combinations of values: drawn at random, mended, or solved for; what refuses the others."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence, Set
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lgen.spec.code_rules import code_findings
from lgen.spec.fault import Fault
from lgen.spec.options import Spec
from lgen.spec.predicates import training_steps
from lgen.spec.rules import broken_rules
from lgen.user_code.classes import STEP_OF_STAGE, UserClass, UserData
from lgen.user_code.data import read_data
from lgen.user_code.module import read_module
from tests.combinations.user_code import data_text, model_text
from tests.combinations.values import ABSENT, BLOCKS, OPTIONS, VALUES

# a combination: the place of its value in VALUES, by option
Row = dict[str, int]
Pair = tuple[tuple[str, int], tuple[str, int]]
# by code rule, what it depends on beside the options that a finding names
_STAGES = {stage: (stage, step, f"limit_{stage}_batches") for stage, step in STEP_OF_STAGE.items()}
_VALIDATION = _STAGES["val"]
_TRAIN = ("train", "limit_train_batches")
_EVALUATED = [name for stage, names in _STAGES.items() if stage != "train" for name in names]
CODE_PLACES: dict[str, Sequence[str]] = {
    "one-optimizer": (),
    "one-scheduler": ("optimizer", "scheduler.warmup_steps"),
    "several-measured": ("evaluation hooks",),
    "last-validation": (*_TRAIN, "val_check_interval", "check_val_every_n_epoch"),
    "monitor-measured": (*_VALIDATION, "evaluation hooks"),
    "validation-steps": _VALIDATION,
    "iterable-limits": _TRAIN,
    "iterable-length": (*_TRAIN, "scheduler.interval", "max_steps", "max_epochs"),
    "interval-of-a-validation": _VALIDATION,
    "inference-of-a-loop": _EVALUATED,
    "loader-options": ("train", *_EVALUATED),
    "drop-last-loader": ("train",),
    "shuffle-order": ("train", "train_order"),
    "overfit-loader": ("train",),
    "partial-window-length": ("train",),
    "metrics-closure": ("metric objects",),
    "metrics-compile": ("metric objects",),
    "blocks-hooks": ("training hooks", "hook arguments"),
    "prefetch-hooks": ("training hooks",),
    "root-of-nothing": (
        "checkpoint",
        "loggers",
        "save_hyperparameters",
        "save_code",
        *_STAGES["predict"],
    ),
}
# each of its findings is about one stage, or needs a change in the first stage that it names
OF_ONE_STAGE = (
    "stage-halves",
    "several-measured",
    "limit-of-a-loop",
    "iterable-limits",
    "weight-returned",
)
# names a part's options without the part: no spec can be written
ORPHAN = "a part that is absent has no options"
# found while the data class is read
DATA_FAULT = "train_order needs a train_dataset"


def values(row: Row) -> dict[str, Any]:
    """The values of a combination by option."""
    return {name: VALUES[name][place] for name, place in row.items()}


def options(row: Row) -> dict[str, Any]:
    """The spec of a combination, module and data included."""
    of = values(row)
    spec: dict[str, Any] = {
        "module": {"path": "model.py:Net", "args": of["module.args"]},
        "data": {"path": "data.py:Points", "args": of["data.args"]},
    }
    if isinstance(of["optimizer"], str) and of["optimizer"] in BLOCKS:
        spec["optimizers"] = BLOCKS[of["optimizer"]]
    for name in OPTIONS:
        value = of[name]
        if value is ABSENT or (name == "optimizer" and isinstance(value, str)):
            continue
        value = None if value == "null" else value
        parent, _, key = name.rpartition(".")
        if not parent:
            spec[name] = dict(value) if isinstance(value, dict) else value
        elif spec.get(parent) is not False:
            spec.setdefault(parent, {})[key] = value
    if of["val"] in ("several", "several loaders"):
        for part in ("checkpoint", "early_stopping", "scheduler"):
            if isinstance(spec.get(part), dict) and spec[part].get("monitor"):
                spec[part]["monitor"] = "val_one_loss"
    return spec


def orphaned(row: Row) -> list[str]:
    """The options that belong to a part that the combination lacks."""
    return [
        name
        for name, place in row.items()
        for parent in (
            "checkpoint",
            "early_stopping",
            "ema",
            "finetuning",
            "optimizer",
            "scheduler",
            "swa",
            "track_grad_norm",
        )
        if place and name.startswith(parent + ".") and _is_absent(parent, row[parent])
    ]


def _is_absent(parent: str, place: int) -> bool:
    """Whether the spec lacks a part that options belong to."""
    if parent == "optimizer":
        return isinstance(VALUES[parent][place], str)  # the module configures it
    return place == (1 if parent == "checkpoint" else 0)


@cache
def _module(text: str, training: tuple[str, ...]) -> UserClass:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.py").write_text(text)
        found = read_module(Path(folder), "model.py:Net", training=training)
    assert isinstance(found, UserClass), found
    return found


@cache
def _data(text: str) -> UserData | list[Fault]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "data.py").write_text(text)
        return read_data(Path(folder), "data.py:Points")


def classes(row: Row) -> tuple[UserClass, UserData | list[Fault]]:
    """The module and data class of a combination, as lgen reads them, or the data's faults."""
    of = values(row)
    training = training_steps(Spec.model_validate(options(row)))
    return _module(model_text(of), training), _data(data_text(of))


def broken(row: Row) -> dict[str, list[str]]:
    """The rules that a combination breaks, each with all the options that it depends on."""
    return _broken(tuple(row[name] for name in VALUES))


@lru_cache(maxsize=100_000)  # a search comes to the same combinations again and again
def _broken(places: tuple[int, ...]) -> dict[str, list[str]]:
    row = dict(zip(VALUES, places, strict=True))
    if orphans := orphaned(row):
        return {ORPHAN: [orphans[0], orphans[0].partition(".")[0]]}
    spec = Spec.model_validate(options(row))
    found: dict[str, list[str]] = {}
    for rule in broken_rules(spec):
        about = [*found.get(rule.id, []), *_places(rule.keys)]
        found[rule.id] = list(dict.fromkeys(about))
    module, data = classes(row)
    if not isinstance(data, UserData):
        return found | {DATA_FAULT: ["train", "train_order"]}
    for finding in code_findings(spec, module, data):
        about = [*_places(finding.keys), *CODE_PLACES.get(finding.rule, ())]
        if finding.rule in OF_ONE_STAGE:
            about += next(
                names
                for stage, names in _STAGES.items()
                if any(name in finding.message for name in names)
                or f"{stage}_data" in finding.message
            )
        found[finding.rule] = list(dict.fromkeys(about))
    return found


@cache
def _places(keys: tuple[str, ...]) -> list[str]:
    """The options that the keys of a rule are about; several optimizers are a value of one."""
    keys = tuple("optimizer" if key.startswith("optimizers") else key for key in keys)
    return [
        name
        for name in VALUES
        for key in keys
        if name == key or name.startswith(key + ".") or key.startswith(name + ".")
    ]


def mended(row: Row, kept: set[str], draw: random.Random) -> Row | None:
    """The combination with as little changed as makes it valid, None where that fails."""
    row = dict(row)
    for _ in range(300):
        found = broken(row)
        if not found:
            return row
        name = draw.choice(list(found))
        places = [place for place in found[name] if place not in kept]
        if not places:
            return None
        place = draw.choice(places)
        row[place] = 0 if draw.random() < 0.5 else draw.randrange(len(VALUES[place]))
    return None


def solved(row: Row, kept: Set[str], among: Set[str] | None = None) -> Row | set[str]:
    """A valid combination with the kept options as they are, or the rules that leave none.

    The search is complete: whatever is valid differs from a combination that breaks a rule in one
    of the options that the rule depends on. `among` are the rules that count, None for all.
    """
    found = {rule: of for rule, of in broken(row).items() if among is None or rule in among}
    if not found:
        return row

    def choices(rule: str) -> int:
        return sum(len(VALUES[name]) - 1 for name in found[rule] if name not in kept)

    rule = min(found, key=choices)
    rules = {rule}
    for name in found[rule]:
        if name in kept:
            continue
        kept = {*kept, name}  # what is tried next has its own value no more
        for place in range(len(VALUES[name])):
            if place != row[name]:
                result = solved(row | {name: place}, kept, among)
                if not isinstance(result, set):
                    return result
                rules |= result
    return rules


def refuse(pair: Pair, among: Set[str] | None = None) -> set[str]:
    """Of these rules, None for all, those that leave no valid combination with the pair.

    There is none of them where a combination has it.
    """
    result = solved(default_row() | dict(pair), {name for name, _ in pair}, among)
    return result if isinstance(result, set) else set()


def refusal(pair: Pair) -> set[str]:
    """The rules that refuse a pair; each is needed: without it the others allow the pair."""
    rules = refuse(pair)
    for rule in sorted(rules):
        rules = refuse(pair, rules - {rule}) or rules
    return rules


def random_rows(number: int, seed: int) -> Iterator[Row]:
    """Valid combinations in which every option has a random value."""
    draw = random.Random(seed)
    while number:
        row = mended({n: draw.randrange(len(v)) for n, v in VALUES.items()}, set(), draw)
        if row is not None:
            number -= 1
            yield row


def default_row() -> Row:
    """The combination of all defaults."""
    return {name: 0 for name in VALUES}
