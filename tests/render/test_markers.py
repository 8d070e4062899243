"""What each marker keeps and drops."""

import re
from textwrap import dedent

import pytest

from lgen.render import RenderError


def same(text: str, expected: str) -> bool:
    return text == dedent(expected).lstrip("\n")


@pytest.mark.parametrize("a", [True, False])
def test_if_keeps_or_drops_a_whole_statement(rendered, a):
    template = """
        first()
        # why
        second(  #: if a
            1,
        )
        if third:  #: if a
            x()
        else:
            y()
        # of the function
        @decorated
        def fourth():  #: if a
            pass
        last()
    """
    text = rendered(template, a=a).text
    for word in ("why", "second", "third", "y()", "function", "decorated", "fourth"):
        assert (word in text) == a
    assert "first()" in text and "last()" in text


def test_if_in_brackets_keeps_or_drops_the_element(rendered):
    template = """
        f(
            1,
            # of two
            two=g(  #: if a
                2,
            ),
            three=[
                3,
            ],  #: if not a
            four=4,  #: if not a
        )
    """
    assert same(
        rendered(template, a=False).text,
        "f(1, three=[3], four=4)\n",
    )
    expected = "f(\n    1,\n    # of two\n    two=g(2),\n)\n"
    assert same(rendered(template, a=True).text, expected)


def test_if_on_a_clause_or_a_decorator_is_for_that_alone(rendered):
    template = """
        @one  #: if a
        @two
        def f():
            try:
                x()
            # rare
            except E:  #: if a
                y()
            finally:
                z()
    """
    text = rendered(template, a=False).text
    assert same(text, "@two\ndef f():\n    try:\n        x()\n    finally:\n        z()\n")
    assert "@one\n@two" in rendered(template, a=True).text


def test_wrap_dedents_the_body_and_leaves_text_in_strings_alone(rendered):
    template = """
        def f():
            # why
            with g(  #: wrap if a
                1
            ):
                x = '''one
                  two'''
                with h:  #: wrap if b

                    y()
                # the end
            z()
    """
    bare = rendered(template, a=False, b=False).text
    # the second line of the string stands as far right as in the template
    assert re.sub(" +two", " two", bare) == (
        'def f():\n    x = """one\n two"""\n    y()\n    # the end\n    z()\n'
    )
    assert bare[: bare.index("two")].endswith("\n" + " " * 10)
    both = rendered(template, a=True, b=True).text
    assert "    # why\n    with g(1):\n        x" in both
    assert "        with h:\n            y()\n        # the end\n    z()\n" in both


@pytest.mark.parametrize(("a", "header"), [(True, "while w := g():"), (False, "for b in c:")])
def test_two_nested_wraps_offer_two_headers(rendered, a, header):
    template = """
        for b in c:  #: wrap if not a
            while w := g():  #: wrap if a
                x()
        y()
    """
    assert rendered(template, a=a).text == f"{header}\n    x()\ny()\n"


def test_included_text_is_a_template_at_the_column_of_its_marker(rendered):
    files = {"part/one.py": 'x()  #: if a\nif y:\n    z = """1\n2"""\n'}
    template = """
        def f():
            g()
            #: include "part/" ~ which
    """
    text = rendered(template, files=files, a=False, which="one.py").text
    assert text == 'def f():\n    g()\n    if y:\n        z = """1\n2"""\n'


def test_a_capital_loop_variable_is_a_name_in_the_body(rendered):
    template = """
        #: for NAME, TYPE, value in fields
        NAME: TYPE = {{ value | literal }}  # the {{ NAME }}, not NAME
        #: endfor
    """
    fields = [("lr", "float", 1e-3), ("path", "str | None", None)]
    assert same(
        rendered(template, fields=fields).text,
        "lr: float = 0.001  # the lr, not NAME\npath: str | None = None  # the path, not NAME\n",
    )


@pytest.mark.parametrize(("a", "b"), [(x, y) for x in (True, False) for y in (True, False)])
def test_blocks_and_conditions_select_as_python_would(rendered, a, b):
    template = """
        #: if a and not b
        one()
        #: else
        two()
        #: endif
        three()  #: if not (a or b)
    """
    expected = "one()\n" if a and not b else "two()\n"
    assert rendered(template, a=a, b=b).text == expected + ("" if a or b else "three()\n")


def test_a_marked_comment_goes_alone_and_a_comment_before_a_marker_stays(rendered):
    template = """
        # only with a  #: if a
        x = 1  # why  #: if b
    """
    assert rendered(template, a=False, b=True).text == "x = 1  # why\n"
    assert rendered(template, a=True, b=True).text == "# only with a\nx = 1  # why\n"


def test_blank_lines_that_meet_become_one_gap(rendered):
    template = """
        A = 1

        B = 2  #: if a

        def f():
            with x:  #: if a
                pass

            y()

            z()  #: if a

            if y:
                y()

                z()  #: if a

            else:
                y()
    """
    expected = """
        A = 1


        def f():
            y()

            if y:
                y()
            else:
                y()
    """
    assert same(rendered(template, a=False).text, expected)


def test_placeholders_are_names_and_never_text(rendered):
    template = '''
        """A Model."""
        x = Model(DTYPE, "Model", f"{y} Model")  # Model
    '''
    placeholders = {"Model": "Net", "DTYPE": "torch.bfloat16"}
    text = rendered(template, placeholders=placeholders).text
    assert text == '"""A Model."""\n\nx = Net(torch.bfloat16, "Model", f"{y} Model")  # Model\n'


def test_an_empty_argument_takes_its_comma_along(rendered):
    template = "f(a, {{ more }})\ng({{ more }})\n"
    assert rendered(template, more="").text == "f(a)\ng()\n"
    assert rendered(template, more="b, c=1").text == "f(a, b, c=1)\ng(b, c=1)\n"


def test_other_files_have_markers_on_lines_of_their_own(rendered):
    shell = "run {{ x | shell }}\n#: if a\n  more\n#: else\n  less\n#: endif\n# end\n"
    assert rendered(shell, name="r.sh", a=False, x="a b").text == "run 'a b'\n  less\n# end\n"
    markdown = "# T\n<!--: if a -->\n{{ x }}\n<!--: endif -->\n<!-- kept -->\n"
    assert rendered(markdown, name="r.md", a=True, x=1).text == "# T\n1\n<!-- kept -->\n"


@pytest.mark.parametrize(
    ("template", "place", "message"),
    [
        ("x()\ny()  #: if mispelt\n", "t.py:2", "mispelt"),
        ("x()\nif x:  #: if off\n    y()  #: if mispelt\n", "t.py:3", "mispelt"),
        ("x()\ny({{ mispelt }})\n", "t.py:2", "mispelt"),
        ("x()\ny()  #: if zero\n", "t.py:2", "not a bool"),
        ("x()\ny()  #: iff a\n", "t.py:2", "unknown marker"),
        ("x()\ny()  #: if a == 1\n", "t.py:2", "no condition"),
        ("x()\n#: if a\ny()\n", "t.py:2", "has no end"),
        ("x()\n#: if a\ny()\n#: endfor\n", "t.py:4", "ends the block"),
        ("if x:\n    #: if a\n    y()\n#: endif\n", "t.py:4", "column"),
        ("x()\n#: endif\n", "t.py:2", "unknown marker"),
        ("x()\n#: else\n", "t.py:2", "unknown marker"),
        ("x()\nx()  #: wrap if a\n", "t.py:2", "wrap needs"),
        ("f(\n    1,\n    x: 2,\n)\n", "t.py:3", "no legal Python"),
        ("x()\n#: if a\nif x:\n    y()\n    #: endif\n", "t.py:5", "column"),
        (
            "f(\n    #: if a\n    1,\n    g(  #: if a\n    #: endif\n    ),\n)\n",
            "t.py:4",
            "overlaps",
        ),
        ("x()\n#: include 'none.py'\n", "t.py:2", "there is no template none.py"),
        ("x()\ny = {{ thing | literal }}\n", "t.py:2", "no literal"),
        ("x()\nwith y:  #: if a\n    z()  #: if off\n", "t.py:2", "empties the body"),
        ("x()\ny = {{ text }}\n", "t.py:2", "no plain name"),
    ],
)
def test_a_fault_names_template_and_line(rendered, template, place, message):
    context = {"a": True, "off": False, "zero": 0, "thing": object(), "text": "f()"}
    with pytest.raises(RenderError) as caught:
        rendered(template, **context)
    assert str(caught.value).startswith(place + ":")
    assert message in str(caught.value)


def test_a_fault_of_an_included_template_names_that_one(rendered):
    with pytest.raises(RenderError, match=r"^p\.py:2: .*mispelt"):
        rendered("#: include 'p.py'\n", files={"p.py": "x()\ny()  #: if mispelt\n"})
