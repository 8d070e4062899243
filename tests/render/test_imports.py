"""Unused imports go, whole or by name; the others tell which modules are needed."""

import pytest

from lgen.render import RenderError
from lgen.render.imports import runtime_closure, runtime_modules, top_level_modules


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import a\nimport b\n\nb.x\n", "import b\n\nb.x\n"),
        ("import a  # why\nimport b\n\na\n", "import a  # why\n\na\n"),
        ("# of a\nimport a\nimport b\n\nb\n", "import b\n\nb\n"),
        ("import a\nimport a.b\n\na.c\n", "import a\n\na.c\n"),
        ("import a\nimport a.b\n\na.b.c()\n", "import a\nimport a.b\n\na.b.c()\n"),
        ("from a import x, y as z\n\nz\n", "from a import y as z\n\nz\n"),
        ("from a import x, y, w  # why\n\nw, x\n", "from a import x, w  # why\n\nw, x\n"),
        ("import a, b\n\nb\n", "import b\n\nb\n"),
        ("from a import (\n    x,\n    y,  # why\n)\n\ny\n", "from a import y  # why\n\ny\n"),
        (
            "from a import (\n    x,\n    y,\n    z,\n)\n\nx, z\n",
            "from a import x, z\n\nx, z\n",
        ),
        ("from a import (\n    x, y, z\n)\n\nx, z\n", "from a import x, z\n\nx, z\n"),
        ("from __future__ import annotations\n", "from __future__ import annotations\n"),
        ("import a\n\nimport b\nimport c\n\nimport d\n\na, d\n", "import a\n\nimport d\n\na, d\n"),
        ("import a\n\na = 1\n", "a = 1\n"),
        ("import a\n\n\ndef f() -> a.B: ...\n", "import a\n\n\ndef f() -> a.B: ...\n"),
    ],
)
def test_unused_names_are_dropped(rendered, before, after):
    assert rendered(before).text == after


def test_runtime_modules_are_followed_through_one_another():
    runtime = {
        "a": "from runtime.b import f\n",
        "b": "from . import c\n",
        "c": "from .d import g\nimport torch\n",
        "d": "",
        "e": "from runtime import a\n",
    }
    assert runtime_closure(["import os\nfrom runtime.a import h\n"], runtime) == {
        "a",
        "b",
        "c",
        "d",
    }
    assert runtime_closure(["import os\n"], runtime) == frozenset()
    assert runtime_modules("import runtime.d\n", runtime) == {"d"}


def test_an_import_of_an_unknown_runtime_module_is_an_error():
    with pytest.raises(RenderError, match="nowhere"):
        runtime_modules("from runtime.nowhere import f\n", ["a"])


def test_top_level_modules_include_those_of_functions():
    text = "import torch.nn as nn\nfrom . import x\n\ndef f():\n    from tqdm import tqdm\n"
    assert top_level_modules(text) == {"torch", "tqdm"}
