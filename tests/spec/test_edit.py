"""One option is set in a spec's text, and every other line stays as it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgen.spec.document import Document, parse
from lgen.spec.edit import dump, set_option, unset_option
from lgen.spec.read import from_options

TEXT = """\
# head
module: model.py:Net   # the model
checkpoint:
  # why
  monitor: val_loss  # m

# tail
loggers:
  - csv
scheduler:
data: {path: data.py:D}
"""


def values(text: str) -> dict[str, object]:
    """The plain values of a YAML text."""
    document = parse(text, "lgen.yaml")
    assert isinstance(document, Document)
    return document.values


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("strategy", "ddp", None, "strategy: ddp"),
        ("checkpoint.monitor", "val_acc", "  monitor: val_loss  # m", "  monitor: val_acc  # m"),
        ("module.args.hidden", 3, "model.py:Net ", "{path: model.py:Net, args: {hidden: 3}} "),
        ("scheduler.name", "StepLR", "scheduler:", "scheduler: {name: StepLR}"),
        ("data.args", {"a": None}, "D}", "D, args: {a: null}}"),
    ],
)
def test_only_the_option_changes(key: str, value: object, old: str | None, new: str) -> None:
    changed = set_option(TEXT, key, value)
    assert changed == (TEXT + new + "\n" if old is None else TEXT.replace(old, new, 1))


def test_key_is_added_behind_the_block_that_it_belongs_to() -> None:
    changed = set_option(TEXT, "checkpoint.save_top_k", 3)
    assert changed == TEXT.replace("val_loss  # m\n", "val_loss  # m\n  save_top_k: 3\n")


def test_value_behind_an_alias_is_refused() -> None:
    changed = set_option("a: &x {b: 1}\nc: *x\n", "c.b", 2)
    assert isinstance(changed, list) and "cannot be set here" in changed[0].message


INTEGERS = st.integers(-(2**63) + 1, 2**63 - 1)
PLAIN = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(PLAIN, st.sampled_from(["new", "checkpoint", "loggers", "scheduler", "data.args.x"]))
def test_what_is_set_is_read_back(value: object, key: str) -> None:
    changed = set_option(TEXT, key, value)
    assert isinstance(changed, str), changed
    found: object = values(changed)
    for part in key.split("."):
        assert isinstance(found, dict)
        found = found[part]
    assert found == value


def test_command_line_values_are_yaml() -> None:
    assert from_options({"optimizer.lr": "1e-3", "loggers": "[csv]"}) == {
        "optimizer.lr": 0.001,
        "loggers": ["csv"],
    }


def test_unknown_command_line_key_names_the_nearest() -> None:
    found = from_options({"stratgy": "ddp"})
    assert isinstance(found, list)
    assert str(found[0]) == "--set stratgy=ddp: there is no option stratgy; did you mean strategy?"


def test_text_that_yaml_would_read_otherwise_is_quoted() -> None:
    assert [dump(v) for v in ("ddp", "true", "1e-3", "a: b")] == [
        "ddp",
        '"true"',
        '"1e-3"',
        '"a: b"',
    ]


@pytest.mark.parametrize(
    "text, key, left",
    [
        ("a: 1\nb: 2\n", "b", "a: 1\n"),
        ("# one\na: 1\n# two\nb: 2\nc: 3\n", "b", "# one\na: 1\n# two\nc: 3\n"),
        ("a: 1\nb: 2", "b", "a: 1\n"),
        ("a: {b: 1, c: 2}\n", "a.b", "a: {c: 2}\n"),
        ("a: {b: 1, c: 2}\n", "a.c", "a: {b: 1}\n"),
        ("x: 1\na: {b: 1}\n", "a.b", "x: 1\n"),
        ("x: 1\na:\n  b: 1\n  c: 2\n", "a.b", "x: 1\na:\n  c: 2\n"),
        ("x: 1\na:\n  b: 1\ny: 2\n", "a.b", "x: 1\ny: 2\n"),
        ("x: 1\nb:\n  - 1\n  - 2\ny: 2\n", "b", "x: 1\ny: 2\n"),
        ("a: 1\n", "b", "a: 1\n"),
        ("a: {c: 1}\n", "a.b", "a: {c: 1}\n"),
        ("a: 1\n", "b.c", None),
        ("x: 1\nb: 2  # why\n", "b", None),
        ("a: model.py:Net\n", "a.path", None),
    ],
)
def test_option_is_taken_out(text: str, key: str, left: str | None) -> None:
    """With its line, and with the mapping that it leaves empty; never with a comment."""
    assert unset_option(text, key) == left
