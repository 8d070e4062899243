"""Every emitted line names the template lines and conditions that brought it.

Templates are made at random. Each statement, argument and comment of one holds a name of its own,
and the generator notes for this name where it stands and on which conditions: what the origin map
says must be exactly that.
"""

import random
import re
from dataclasses import dataclass, field

import pytest

from lgen.render.format import format_python

FLAGS = ["a", "b", "c"]
CONDITIONS = ["a", "not a", "b", "not b", "a and c", "b or not c"]
NAME = re.compile(r"n\d+n")


@dataclass
class Maker:
    """Writes random templates; `facts` says what is true of each name."""

    random: random.Random
    facts: dict[str, tuple[str, int, tuple[str, ...]]] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)

    def name(self, file: str, conditions: tuple[str, ...]) -> str:
        """A new name, to stand on the next line of the file."""
        name = f"n{len(self.facts)}n"
        self.facts[name] = (file, len(self.files[file]) + 1, conditions)
        return name

    def add(self, file: str, text: str, *conditions: tuple[str, ...]) -> None:
        """A line in which each `~` stands for a new name, with these conditions in turn."""
        for condition in conditions:
            text = text.replace("~", self.name(file, condition), 1)
        self.files[file].append(text)

    def condition(self) -> str:
        return self.random.choice(CONDITIONS)

    def suite(self, file: str, pad: str, on: tuple[str, ...], depth: int) -> None:
        self.add(file, f"{pad}~()", on)
        for _ in range(self.random.randint(0, 4)):
            if self.random.random() < 0.3:
                self.files[file].append("")
            kinds = [self.simple, self.call, self.text]
            if depth:
                kinds += [self.wrap, self.compound, self.function, self.block, self.include]
                kinds += [self.loop]
            self.random.choice(kinds)(file, pad, on, depth - 1)

    def simple(self, file: str, pad: str, on: tuple[str, ...], depth: int) -> None:
        condition = self.condition()
        self.add(file, f"{pad}# ~", (*on, condition))
        self.add(file, f"{pad}x = (~)  # ~  #: if {condition}", *[(*on, condition)] * 2)
        long = ", ".join(["~aaaaaaaaaaaaaaaaaaaa"] * 6)
        self.add(file, f"{pad}f({long})", *[on] * 6)

    def call(self, file: str, pad: str, on: tuple[str, ...], depth: int) -> None:
        outer, inner = self.condition(), self.condition()
        whole = (*on, outer)
        comma = self.random.choice([",", ""])
        self.add(file, f"{pad}~(", whole)
        self.add(file, f"{pad}    # ~", (*whole, inner))
        self.add(file, f"{pad}    ~=g(  #: if {inner}", (*whole, inner))
        self.add(file, f"{pad}        ~, (~)", *[(*whole, inner)] * 2)
        self.add(file, f"{pad}    ),")
        self.add(file, f"{pad}    ~=1{comma}", whole)
        self.add(file, f"{pad})  #: if {outer}")

    def text(self, file: str, pad: str, on: tuple[str, ...], depth: int) -> None:
        self.add(file, f'{pad}s = """~', on)
        self.add(file, "    ~", on)
        self.add(file, '  ~""".h(~)', on, on)

    def wrap(self, file: str, pad: str, on: tuple[str, ...], depth: int) -> None:
        condition = self.condition()
        self.add(file, f"{pad}# ~", (*on, condition))
        self.add(file, f"{pad}with ~, (~):  #: wrap if {condition}", *[(*on, condition)] * 2)
        self.suite(file, pad + "    ", on, depth)

    def compound(self, file: str, pad: str, on: tuple[str, ...], depth: int) -> None:
        condition, other = self.condition(), self.condition()
        self.add(file, f"{pad}if ~:  #: if {condition}", (*on, condition))
        self.suite(file, pad + "    ", (*on, condition), depth)
        self.add(file, f"{pad}elif ~:  #: if {other}", (*on, condition, other))
        self.suite(file, pad + "    ", (*on, condition, other), depth)

    def function(self, file: str, pad: str, on: tuple[str, ...], depth: int) -> None:
        condition, other = self.condition(), self.condition()
        whole = (*on, condition)
        self.add(file, f"{pad}@~  #: if {other}", (*whole, other))
        self.add(file, f"{pad}def ~(x):  #: if {condition}", whole)
        self.add(file, f'{pad}    """The ~.', whole)
        self.files[file].append("")
        self.add(file, f"{pad}    Also ~.", whole)
        self.add(file, f'{pad}    """')
        self.suite(file, pad + "    ", whole, depth)

    def block(self, file: str, pad: str, on: tuple[str, ...], depth: int) -> None:
        name = self.random.choice(FLAGS)
        self.add(file, f"{pad}#: if {name}")
        self.suite(file, pad, (*on, name), depth)
        self.add(file, f"{pad}#: else")
        self.suite(file, pad, (*on, f"not {name}"), depth)
        self.add(file, f"{pad}#: endif")

    def include(self, file: str, pad: str, on: tuple[str, ...], depth: int) -> None:
        part = f"part{len(self.files)}.py"
        self.files[part] = []
        self.suite(part, "", on, depth)
        self.add(file, f'{pad}#: include "{part}"')

    def loop(self, file: str, pad: str, on: tuple[str, ...], depth: int) -> None:
        self.add(file, f"{pad}#: for ITEM in items")
        self.add(file, f"{pad}ITEM.~(ITEM)", on)
        self.suite(file, pad, on, depth)
        self.add(file, f"{pad}#: endfor")


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("formatted", [True, False])
def test_origins_are_exact(rendered, seed, formatted):
    maker = Maker(random.Random(seed), files={"t.py": []})
    maker.suite("t.py", "", (), 3)
    facts = maker.facts
    files = {name: "\n".join(lines) + "\n" for name, lines in maker.files.items()}
    written = set(NAME.findall("".join(files.values())))
    for combination in range(8):
        flags = {name: bool(combination >> bit & 1) for bit, name in enumerate(FLAGS)}
        result = rendered(
            files["t.py"], files=files, items=["one", "two"], format=formatted, **flags
        )
        seen = set()
        lines = result.text.split("\n")[:-1]
        assert len(result.origins) == len(lines)
        for text, origins in zip(lines, result.origins, strict=True):
            said = {(origin.template, origin.line, origin.conditions) for origin in origins}
            names = NAME.findall(text)
            present = {facts[name] for name in names}
            assert present <= said
            # what else stands there is of lines without a name, such as a lone bracket
            assert not names or not (said - present) & set(facts.values())
            seen.update(names)
        expected = {
            name
            for name in written
            if all(eval(condition, {}, flags) for condition in facts[name][2])
        }
        assert seen == expected
        if formatted:
            assert format_python(result.text) == result.text


def test_a_line_of_its_own_bracket_has_its_own_origin(rendered):
    result = rendered("f(\n    # one\n    1,\n    2,  #: if a\n)\ng(\n    1\n)\n", a=True)
    assert [[origin.line for origin in line] for line in result.origins] == [
        [1],
        [2],
        [3],
        [4],
        [5],
        [6, 7],
    ]


def test_a_bracket_that_the_formatter_adds_is_of_the_line_that_it_closes(rendered):
    result = rendered("x = 0\ny = " + " + ".join(["a" * 20] * 6) + "\n")
    assert {origin.line for line in result.origins[1:] for origin in line} == {2}
    assert result.text.count("\n") > 3
