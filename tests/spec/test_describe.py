"""The options' rows and their JSON Schema say what reading a spec does."""

from __future__ import annotations

import jsonschema
import pytest

from lgen.spec.describe import json_schema, options
from lgen.spec.edit import dump
from lgen.spec.options import Spec
from lgen.spec.read import loads

BASE = {"module": "model.py:C", "data": {"path": "data.py:D"}}


def test_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize(
    ("option", "allowed"),
    [
        ({}, True),
        ({"batch_size": True}, False),
        ({"batch_size": 0}, False),
        ({"checkpoint": False}, True),
        ({"checkpoint": {"train_time_interval": "00:10:00"}}, True),
        ({"checkpoint": {"train_time_interval": "soon"}}, False),
        ({"compile": "step"}, True),
        ({"compile": {"target": "loop"}}, False),
        ({"optimizer": {"name": "Adam", "betas": [0.9, 0.99]}}, True),
        ({"optimizer": {"name": "Adam", "betas": [0.9]}}, False),
        ({"optimizer": {"name": "Adam", "lrr": 1}}, False),
        ({"optimizer": {"name": "LBFGS", "max_eval": 0}}, False),
        ({"scheduler": {"name": "StepLR"}}, False),
        ({"scheduler": {"name": "StepLR", "step_size": 3, "interval": "step"}}, True),
        ({"limit_val_batches": 1.5}, False),
        ({"limit_val_batches": 2}, True),
        ({"seed": None}, True),
        ({"nope": 1}, False),
    ],
)
def test_schema_agrees_with_the_reader(option: dict[str, object], allowed: bool) -> None:
    values = {**BASE, **option}
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(values) is allowed
    text = "\n".join(f"{key}: {dump(value)}" for key, value in values.items())
    assert isinstance(loads(text), Spec) is allowed


@pytest.mark.parametrize(
    ("scheduler", "allowed"),
    [
        ({"name": "StepLR", "step_size": 3, "interval": "step"}, True),
        ({"name": "StepLR"}, False),
        ({"name": "StepLR", "step_size": 3, "frequency": 2}, False),
        ({"name": "StepLR", "step_size": 3, "warmup_steps": 2}, False),
        ({"name": "StepLR", "step_size": 3, "interval": "validation"}, False),
        ({"interval": "step"}, False),
    ],
)
def test_schema_of_a_block_agrees_with_the_reader(
    scheduler: dict[str, object], allowed: bool
) -> None:
    """What rules refuse in the scheduler of one of several optimizers is not offered there."""
    block = {"optimizer": {"name": "SGD", "lr": 0.1}, "scheduler": scheduler}
    values = {**BASE, "optimizers": {"first": block}}
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(values) is allowed
    text = "\n".join(f"{key}: {dump(value)}" for key, value in values.items())
    assert isinstance(loads(text), Spec) is allowed
    (row,) = (row for row in options() if row.name == "optimizers.NAME.scheduler")
    assert row.type == "mapping of name, interval, ..., or null"


def test_every_option_has_a_doc_and_a_group() -> None:
    rows = options()
    assert {row.name for row in rows} >= set(Spec.model_fields)
    assert [row.name for row in rows if not (row.doc and row.group and row.type)] == []
