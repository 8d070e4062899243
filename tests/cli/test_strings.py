"""Strings of a spec are data: nothing in them becomes code."""

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.support.projects import DATA, MODEL, OPTIONS, make_project

HOSTILE = [
    "it's",
    'say "so"',
    '""" + __import__(\'os\').system(\'touch ran\') + """',
    "' + __import__('os').system('touch ran') + '",
    "two\nlines",
    "two\r\nlines",
    "{x} {{ 7 * 7 }} {% for %} {# no #}",
    "{{ cycler.__init__.__globals__.os.system('touch ran') }}",
    "#: if not single",
    "a  #: wrap if amp",
    "UserModel",
    "\\",
    "\\n\\'",
    "caf\u00e9 \u2028 \U0001f600",
    "${HOME} `touch ran` $(touch ran)",
]
# what stands in the spec for each string option, around the string; braces are no part of a
# checkpoint's file name, and neither are path separators
STRINGS = {
    "default_root_dir": lambda text: {"default_root_dir": text},
    "init_from": lambda text: {"init_from": text},
    "init_from.path": lambda text: {"init_from": {"path": text, "strict": False}},
    "module.args": lambda text: {"module": {"path": "model.py:Net", "args": {"text": text}}},
    "module.args, nested": lambda text: {
        "module": {"path": "model.py:Net", "args": {"nested": {text: [text, {"key": text}]}}}
    },
    "data.args": lambda text: {"data": {"path": "data.py:Points", "args": {"text": text}}},
    "checkpoint.filename": lambda text: {"checkpoint": {"filename": text}},
}
TEXT_MODEL = MODEL.replace(
    "dropout: float = 0.1)", "dropout: float = 0.1, text: str = 'a', nested: object = None)"
)
TEXT_DATA = DATA.replace("number: int = 53)", "number: int = 53, text: str = 'a')")
CASES = [
    (option, text)
    for option in STRINGS
    for text in HOSTILE
    if option != "checkpoint.filename" or not set(text) & set("{}/\\")
]


@pytest.mark.parametrize(("option", "text"), CASES)
def test_the_emitted_literal_equals_the_string(tmp_path: Path, option: str, text: str) -> None:
    """train.py differs from that of a plain string in that literal, and in nothing else."""
    hostile = emitted(tmp_path / "hostile", STRINGS[option](text))
    plain = emitted(tmp_path / "plain", STRINGS[option]("plain_string"))
    assert text in constants(hostile)
    for node in ast.walk(hostile):
        if isinstance(node, ast.Constant) and node.value == text:
            node.value = "plain_string"
    assert ast.dump(hostile) == ast.dump(plain)


def emitted(folder: Path, options: dict[str, Any]) -> ast.Module:
    """The parsed train.py of a spec with these options; its tests must parse too."""
    make_project(folder, {**OPTIONS, **options}, TEXT_MODEL, TEXT_DATA)
    ast.parse((folder / "tests/test_train.py").read_text())
    return ast.parse((folder / "train.py").read_text())


def constants(tree: ast.Module) -> list[object]:
    """The values of all literals."""
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
