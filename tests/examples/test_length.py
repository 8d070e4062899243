"""How long the loops of the emitted scripts are: somebody has to read them."""

import ast
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def lines_of(train: Path, *functions: str) -> int:
    """The lines of these functions of a script that are not blank."""
    text = train.read_text()
    lines = text.splitlines()
    return sum(
        bool(line.strip())
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name in functions
        for line in lines[node.lineno - 1 : node.end_lineno]
    )


@pytest.mark.parametrize(
    ("example", "most"),
    [
        ("digits", 140),
        ("autoencoder", 156),
        ("gpt", 177),
        ("digits-ddp", 175),
        ("gan", 180),
        ("everything", 320),
    ],
)
def test_main_and_validation_stay_short(example: str, most: int) -> None:
    assert 60 < lines_of(EXAMPLES / example / "train.py", "main", "validate") <= most
