"""Strings that a spec may hold come out as themselves, wherever a template puts them."""

import ast
import json
import math
import shlex

import pytest
import tomllib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lgen.render import Code, RenderError, literal

HOSTILE = [
    "",
    "plain",
    "it's",
    'say "x"',
    "'\"'\"",
    '"""',
    "'''",
    'ends with "',
    '"" starts',
    "ends with \\",
    "\\n \\x41 \\N{DASH}",
    "two\nlines",
    "cr\rlf\r\n tab\t nul\0 bell\7",
    "{{ 7*7 }}",
    "{% if x %}",
    "{{ x | literal }}",
    "{x} {0} {{}} }}",
    "#: if x",
    "x  #: if x",
    "#: include 'other.py'",
    "# comment",
    "\x02@0.1\x03 \x02% if x %\x03 \x02<\x03",
    '"); __import__("os").system("touch HACKED") #',
    '"""\nimport os\n',
    "${HOME} $(id) `id`",
    "UserModel NAME",
    "\u202e reversed \u2028 \u00e9 \U0001f600",
    "\ud800",
]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(HOSTILE)
MANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def constants(text: str) -> list[object]:
    return [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_literal_equals_its_value(rendered, value):
    template = "UserModel = 1\nx = f(a, b={{ v | literal }})\n"
    result = rendered(template, v=value, placeholders={"UserModel": "Net"})
    assert constants(result.text) == [1, value]
    assert len(result.text.split("\n")) == 3


@given(value=TEXTS)
@MANY
def test_any_text_is_itself_as_a_literal_and_inside_strings(rendered, value):
    template = "x = {{ v | literal }}\ny = 'a{{ v }}b'\nz = f\"{{ v }}{x}\"\nw = '''a{{ v }}'''\n"
    result = rendered(template, v=value)
    scope: dict[str, str] = {}
    exec(compile(result.text, "t", "exec"), scope)
    assert scope["x"] == value
    assert scope["y"] == f"a{value}b"
    assert scope["z"] == value + value
    assert scope["w"] == "a" + value


@pytest.mark.parametrize("value", HOSTILE)
def test_text_in_docstrings_and_comments_stays_there(rendered, value):
    template = '"""Trains {{ v }}."""\n\nx = 1  # the {{ v }}\n# {{ v }}\ny = 2\n'
    tree = ast.parse(rendered(template, v=value).text)
    assert [type(node) for node in tree.body] == [ast.Expr, ast.Assign, ast.Assign]
    assert (ast.get_docstring(tree, clean=False) or "").startswith("Trains")


@pytest.mark.parametrize("value", [v for v in HOSTILE if "\ud800" not in v])
def test_quoted_text_is_itself_in_toml_and_json_and_shell_words(rendered, value):
    text = rendered("x = {{ v | quoted }}\n", name="t.toml", v=value).text
    assert tomllib.loads(text)["x"] == value
    assert json.loads(text.removeprefix("x = ")) == value
    if "\x02" not in value:
        assert shlex.split(rendered("{{ v | shell }}", name="t.sh", v=value).text) == [value]


@pytest.mark.parametrize(
    "value",
    [
        "f()",
        "a; b",
        "a\nb",
        "a # b",
        "a)(b",
        "a), g(b",
        "a) + (b",
        "lambda: 0",
        "[x for x in y]",
        "if",
        "a := 1",
    ],
)
def test_plain_text_is_no_code(rendered, value):
    with pytest.raises(RenderError, match=r"^t\.py:1: .*no plain name"):
        rendered("x = g({{ v }})\n", v=value)
    with pytest.raises(RenderError, match=r"^t\.py:1: .*no plain name"):
        rendered("x = g(P)\n", placeholders={"P": value})


def test_code_is_emitted_as_it_is(rendered):
    assert rendered("x = {{ v }}\n", v=Code("range(3)")).text == "x = range(3)\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-3, "0.001"),
        (1e-5, "1e-05"),
        (0.1 + 0.2, "0.30000000000000004"),
        (True, "True"),
        (None, "None"),
        (-1, "-1"),
        (math.inf, 'float("inf")'),
        (-math.inf, 'float("-inf")'),
        (math.nan, 'float("nan")'),
        ((1,), "(1,)"),
        ({"a": [1.5, None]}, '{"a": [1.5, None]}'),
        ({"b", "a"}, '{"a", "b"}'),
    ],
)
def test_numbers_and_containers_are_exact(value, text):
    assert literal(value) == text
