"""Compiled templates: reading the markers takes longer than rendering, so they are kept."""

import marshal
from dataclasses import asdict, dataclass
from types import CodeType

from jinja2 import Environment, nodes

from lgen.cache import keep, kept, key_of, state_of
from lgen.render.markers import Sheet

_MADE_BY = (
    "jinja2",
    "jinja2.compiler",
    "lgen.render.compiled",
    "lgen.render.conditions",
    "lgen.render.markers",
    "lgen.render.statements",
    "lgen.render.substitution",
)


@dataclass(frozen=True)
class Compiled:
    """A template's code and sheet, the line of each name that it reads, and its loops' names."""

    code: CodeType
    sheet: Sheet
    names: dict[str, int]
    loop_names: set[str]


def compiled_template(environment: Environment, name: str, text: str) -> Compiled:
    """A template compiled, by this process or by one before."""
    placeholders = environment.placeholder_names  # type: ignore[attr-defined]
    file = f"template-{name.replace('/', '-')}"
    key = key_of(state_of(_MADE_BY), name, text, *sorted(placeholders))
    payload = kept(file, key)
    if payload is not None:
        code, sheet, names, loop_names = marshal.loads(payload)
        return Compiled(code, Sheet(**sheet), names, loop_names)
    compiled = _compile(environment, name, text)
    parts = (compiled.code, asdict(compiled.sheet), compiled.names, compiled.loop_names)
    keep(file, key, marshal.dumps(parts))
    return compiled


def _compile(environment: Environment, name: str, text: str) -> Compiled:
    tree = environment.parse(text, name, name)
    loop_names = {
        target.name for loop in tree.find_all(nodes.For) for target in _names_in(loop.target)
    }
    names: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load":
            names.setdefault(node.name, node.lineno)
    sheet: Sheet = environment.sheets[name]  # type: ignore[attr-defined]
    return Compiled(environment.compile(tree, name, name), sheet, names, loop_names)


def _names_in(target: nodes.Node) -> list[nodes.Name]:
    return [target] if isinstance(target, nodes.Name) else list(target.find_all(nodes.Name))
