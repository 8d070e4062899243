"""The imports of emitted code: which are unused, which modules they name, what they pull in."""

import ast
from collections.abc import Iterable, Mapping
from functools import lru_cache

from lgen.cache import KeptTexts, key_of
from lgen.render.errors import RenderError

Import = ast.Import | ast.ImportFrom
_known = KeptTexts("imports", ("lgen.render.imports",), 500)


def unused_imports(tree: ast.Module) -> dict[Import, list[ast.alias]]:
    """The module-level imports that nothing uses, by statement.

    `import a.b` counts as used by `a.b` and what follows it, `import a` by `a`.
    """
    used = set(_dotted_names(tree))
    unused: dict[Import, list[ast.alias]] = {}
    for node in tree.body:
        if isinstance(node, ast.Import) or (
            isinstance(node, ast.ImportFrom) and node.module != "__future__"
        ):
            names = [a for a in node.names if (a.asname or a.name) not in used and a.name != "*"]
            if names:
                unused[node] = names
    return unused


def _dotted_names(tree: ast.Module) -> Iterable[str]:
    """Every name that is read, and every chain `a.b.c` from its start on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute):
            chain = [node.attr]
            value = node.value
            while isinstance(value, ast.Attribute):
                chain.append(value.attr)
                value = value.value
            if isinstance(value, ast.Name):
                yield ".".join([value.id, *reversed(chain)])


def without_unused_imports(lines: list[str], tree: ast.Module) -> list[tuple[int, str]]:
    """The lines that stay, each with its number in `lines`, counted from 1.

    `tree` is the syntax tree of `lines`. Comments right above a dropped import go with it.
    """
    result: dict[int, str] = dict(enumerate(lines, start=1))
    for node, names in unused_imports(tree).items():
        assert node.end_lineno is not None
        first, last = node.lineno, node.end_lineno
        kept = [alias for alias in node.names if alias not in names]
        if not kept:
            while first > 1 and lines[first - 2].startswith("#") and lines[first - 2][:2] != "#!":
                first -= 1
            for line in range(first, last + 1):
                del result[line]
            _close(result, first)
        elif len(kept) == 1 or first == last:
            _join(result, node, kept)
        else:
            _cut(result, names)
    return sorted(result.items())


def _close(result: dict[int, str], dropped: int) -> None:
    """Drops one of the blank lines around a paragraph of imports that is gone from between others.

    `dropped` is a line of it.
    """
    before = max((line for line in result if line < dropped), default=0)
    after = [line for line in sorted(result) if line > dropped][:2]
    blank = before in result and len(after) == 2 and result[before] == result[after[0]] == ""
    if blank and result[after[1]].startswith(("import ", "from ")):
        del result[before]


def _join(result: dict[int, str], node: Import, kept: list[ast.alias]) -> None:
    """Writes an import anew on the line of its first kept name."""
    assert node.end_lineno is not None
    target = kept[0].lineno
    statement: Import
    if isinstance(node, ast.Import):
        statement = ast.Import(kept)
    else:
        statement = ast.ImportFrom(node.module, kept, node.level)
    after = result[target][kept[0].end_col_offset or 0 :] if target != node.lineno else ""
    if target == node.end_lineno:
        after = result[target][node.end_col_offset or 0 :]
    comment = after[after.index("#") :] if "#" in after else ""
    for line in range(node.lineno, node.end_lineno + 1):
        if line != target:
            del result[line]
    result[target] = ast.unparse(statement) + ("  " + comment if comment else "")


def _cut(result: dict[int, str], names: list[ast.alias]) -> None:
    """Takes names out of a bracketed import of several lines."""
    for alias in reversed(names):
        text = result[alias.lineno]
        before, after = text[: alias.col_offset], text[alias.end_col_offset or 0 :].lstrip()
        text = before + after.removeprefix(",").lstrip()
        if text.strip() and not text.lstrip().startswith("#"):
            result[alias.lineno] = text
        else:
            del result[alias.lineno]


def imported_modules(code: str | ast.Module) -> frozenset[str]:
    """The dotted names of all modules that a file imports, inside functions too.

    `from a import b` gives `a` and `a.b`, as b may be a module; a relative import begins with
    its dots.
    """
    return _modules_of_text(code) if isinstance(code, str) else _modules_of_tree(code)


@lru_cache(maxsize=512)
def _modules_of_text(text: str) -> frozenset[str]:
    name = key_of(text)
    known = _known.get(name)
    if known is None:
        known = " ".join(sorted(_modules_of_tree(ast.parse(text))))
        _known.put(name, known)
    return frozenset(known.split())


def _modules_of_tree(tree: ast.Module) -> frozenset[str]:
    """`imported_modules` of a syntax tree."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = "." * node.level + (node.module or "")
            if node.module:
                modules.add(parent)
            joint = "." if node.module else ""
            modules.update(parent + joint + alias.name for alias in node.names)
    return frozenset(modules)


def top_level_modules(code: str | ast.Module) -> frozenset[str]:
    """The top-level modules that a file imports, without relative ones."""
    names = (module.partition(".")[0] for module in imported_modules(code))
    return frozenset(name for name in names if name)


def runtime_modules(text: str, known: Iterable[str]) -> frozenset[str]:
    """The modules of `runtime` that a file imports, out of the known ones.

    Raises RenderError for an import of runtime that is not known.
    """
    found: set[str] = set()
    imported = imported_modules(text)
    for module in imported:
        name = module.removeprefix("runtime") if module.startswith("runtime.") else module
        if not name.startswith("."):
            continue
        first, _, rest = name[1:].partition(".")
        if first in known:
            found.add(first)
        elif not rest:
            raise RenderError(f"there is no runtime module {first}")
    return frozenset(found)


def runtime_closure(files: Iterable[str], runtime: Mapping[str, str]) -> frozenset[str]:
    """The runtime modules that these texts need, by way of one another too.

    `runtime` maps the name of each module to its text.
    """
    needed: set[str] = set()
    texts = list(files)
    while texts:
        new = runtime_modules(texts.pop(), runtime) - needed
        needed |= new
        texts += [runtime[name] for name in new]
    _known.save()
    return frozenset(needed)
