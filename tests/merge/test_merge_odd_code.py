"""Merges that Python would refuse, and texts that are not what their lines look like."""

import pytest

from lgen.merge import merge
from tests.merge.test_merge import clean, conflict, edited, text

SAVING = text("""\
    def main():
        saved_at = clock()
        a()

        def save():
            nonlocal saved_at
            saved_at = clock()

        b()
        c()
    """)
RESET = "\n    def reset():\n        nonlocal saved_at\n        saved_at = 0\n\n"


@pytest.mark.parametrize(
    ("base", "mine", "new"),
    [
        (
            "def forward(self, batch: Any) -> Any:\n    return batch\n",
            'def forward(self, batch: Any, tag: str = "x") -> Any:\n    return batch\n',
            "def forward(self, batch: Any, batch_idx: int) -> Any:\n    return batch\n",
        ),
        ("o = f(x=1)\n", "o = f(a=2, x=1)\n", "o = f(x=1, a=3)\n"),
        (
            "from torch import Tensor\nx = Tensor\n",
            "from torch import *\nx = Tensor\n",
            "from torch import Tensor, nn\nx = Tensor\n",
        ),
        (
            SAVING,
            edited(
                SAVING,
                ("    c()\n", RESET + "    c()\n"),
            ),
            "def main():\n    a()\n    b()\n    c()\n",
        ),
        (
            "def f():\n    a()\n    b()\n    x = 1\n    c()\n",
            "def f():\n    a()\n    b()\n    global x\n    x = 1\n    c()\n",
            "def f():\n    a(x)\n    b()\n    x = 1\n    c()\n",
        ),
        (
            "async def f():\n    a()\n    b()\n    c()\n",
            "async def f():\n    a()\n    await z()\n    b()\n    c()\n",
            "def f():\n    a()\n    b()\n    c()\n",
        ),
    ],
    ids=["parameters", "argument twice", "import all", "nonlocal", "global", "await"],
)
def test_what_python_refuses_is_a_conflict(base: str, mine: str, new: str) -> None:
    for side in (mine, new):
        compile(side, "file", "exec")
    merged = conflict(base, mine, new)
    brought = next(line for line in mine.split("\n") if line not in base.split("\n"))
    marked = merged.text.partition("<<<<<<<")[2].partition("=======")[0]
    assert brought in marked


def test_a_string_in_a_header_that_ends_like_a_comment() -> None:
    base = 'def f():\n    if x == """\n\n  #""":\n        pass\n    a()\n    b(1)\n'
    mine, new = base.replace("a()", "a(2)"), base.replace("b(1)", "b(2)")
    assert clean(base, mine, new) == mine.replace("b(1)", "b(2)")


def test_a_carriage_return_within_a_line() -> None:
    """For Python it ends the line."""
    base = "a = 1\nb = 2\nx = 0\ny = 0\nz = 0\n"
    mine = base.replace("b = 2", "b = 2  # x\rc = 3")
    assert clean(base, mine, base.replace("z = 0", "z = 1")) == mine.replace("z = 0", "z = 1")


def test_code_too_deep_for_the_parser_is_merged_by_lines() -> None:
    base = f"a = 1\nb = 2\nx = {'-' * 10_000}1\nc = 3\nd = 4\n"
    merged = merge(
        base, base.replace("a = 1", "a = 9"), base.replace("d = 4", "d = 9"), python=True
    )
    assert merged.conflicts == 0
    assert merged.text == base.replace("a = 1", "a = 9").replace("d = 4", "d = 9")
