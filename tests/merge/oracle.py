"""What a merge may come to: the edit at its own place in the new text, or a marked conflict.

The place is known from the origin map: the statement that comes from the same template statement.
Where the new render has none, an insert may stand anywhere between the nearest neighbours of its
block that the new render still has; a deletion is done; a comment may go with the only statement
that says the same; every other edit must be in a conflict.
"""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Hashable, Iterator

from tests.merge.edits import Edit, Lines, apply, made
from tests.merge.places import File, Place

_MOST = 300


def right_results(edits: list[Edit], old: File, new: File) -> Iterator[str]:
    """Every text that the merge of these edits may give where it has no conflict."""
    choices = [list(_right_changes(edit, old, new)) for edit in edits]
    for changes in itertools.islice(itertools.product(*choices), _MOST):
        yield apply(new.text, [change for change in changes if change is not None])


def _right_changes(edit: Edit, old: File, new: File) -> Iterator[Lines | None]:
    origin = old.by_key[edit.key]
    place = new.by_key.get(edit.key)
    if edit.kind == "wrap":
        yield from _wrapped(edit, origin, old, new)
        return
    if place is not None:
        change = made(edit, new, place)
        if change is not None:
            yield change
            if edit.kind in ("before", "function before"):
                yield _above_comments(change, new)
        return
    if edit.kind == "delete":
        yield None
    if edit.is_insert:
        yield from _between(edit, origin, old, new)
    other = counterpart(origin, old, new)
    if edit.kind == "comment":
        other = other or _only_one(origin, old, new)
    change = made(edit, new, other) if other else None
    if change is not None:
        yield change


def _above_comments(change: Lines, new: File) -> Lines:
    """What is put before a statement, above the comments on it."""
    place, _, lines = change
    while place > 0 and new.lines[place - 1].lstrip().startswith("#"):
        place -= 1
    return place, place, lines


def _wrapped(edit: Edit, origin: Place, old: File, new: File) -> Iterator[Lines]:
    """The wrap around what is left of the statements, with what now stands between them.

    Where the first or last of them is gone, what came in its place, from another block too, may be
    inside or outside.
    """
    run = origin.siblings[origin.at : origin.at + edit.length]
    groups = [list(_remains(place, old, new)) for place in run]
    least = min((place.depth for group in groups for place in group), default=0)
    groups = [[_lifted(place, least, groups, old) for place in group] for group in groups]
    kept = [place for group in groups for place in group]
    if not kept or any(place.siblings is not kept[0].siblings for place in kept):
        return
    siblings = kept[0].siblings
    first, last = kept[0].at, kept[-1].at
    starts, stops = [first], [last]
    stood = {place.key for place in run[0].siblings}
    while not groups[0] and starts[-1] and siblings[starts[-1] - 1].key not in stood:
        starts.append(starts[-1] - 1)
    while not groups[-1] and stops[-1] + 1 < len(siblings):
        if siblings[stops[-1] + 1].key in stood:
            break
        stops.append(stops[-1] + 1)
    for start in starts:
        for stop in stops:
            longer = Edit(edit.kind, edit.key, edit.number, stop - start + 1)
            if change := made(longer, new, siblings[start]):
                yield change


def _lifted(place: Place, depth: int, groups: list[list[Place]], old: File) -> Place:
    """The new block around the statement that lies so deep, if it holds no other old ones."""
    ours = {id(place) for group in groups for place in group}
    while place.depth > depth and place.parent and place.parent.key not in old.by_key:
        if any(p.key in old.by_key and id(p) not in ours for p in place.siblings):
            break
        place = place.parent
    return place


def _remains(place: Place, old: File, new: File) -> Iterator[Place]:
    """The statement in the new render, or those of its block where only its header is gone."""
    found = counterpart(place, old, new)
    if found is not None:
        yield found
        return
    for inner in old.places:
        if inner.parent is place:
            yield from _remains(inner, old, new)


def counterpart(place: Place | None, old: File, new: File) -> Place | None:
    """The statement that the new render has for this one.

    It is of the same template statement, or of another one of which a render has only either:
    one of its sort beside it in the template, a function of its name, or one in the same block that
    says the same.
    """
    if place is None or place.key in new.by_key:
        return new.by_key[place.key] if place else None
    parent = counterpart(place.parent, old, new)
    others = [
        other
        for other in new.places
        if other.scope == place.scope
        and other.key not in old.by_key
        and (
            _alternative(place, other)
            or _same_definition(place.node, other.node)
            or (parent or not place.parent)
            and other.parent is parent
            and ast.dump(other.node) == ast.dump(place.node)
        )
    ]
    return min(others, key=lambda other: abs(other.line - place.line), default=None)


def _only_one(place: Place, old: File, new: File) -> Place | None:
    """The statement that says the same, whatever block the new render has it in, where each render
    has but one in the function: what a comment says of it is as true there."""
    one, other = (
        [
            p
            for p in file.places
            if p.scope == place.scope and ast.dump(p.node) == ast.dump(place.node)
        ]
        for file in (old, new)
    )
    return other[0] if len(one) == len(other) == 1 else None


def _same_definition(one: ast.stmt, other: ast.stmt) -> bool:
    """Whether they are functions, or classes, of one name."""
    if not isinstance(one, (ast.FunctionDef, ast.ClassDef)) or type(one) is not type(other):
        return False
    return one.name == getattr(other, "name", None)


def _alternative(one: Place, other: Place) -> bool:
    """Whether two statements of one sort stand one below the other in the template."""
    if not one.line or abs(one.line - other.line) > 4:
        return False
    return _sort(one.node) == _sort(other.node) or _is_variant(one.node, other.node)


def _is_variant(one: ast.stmt, other: ast.stmt) -> bool:
    """Whether they call, with the same arguments, `name` and `name_for_something`; or `name`
    itself and through from_main."""
    if not isinstance(one, ast.Expr) or not isinstance(other, ast.Expr):
        return False
    texts = sorted((ast.unparse(node) for node in (one, other)), key=len)
    (short, _, arguments), (long, _, others) = (text.partition("(") for text in texts)
    if texts[1] == f"from_main({short}, {arguments}":
        return True
    return arguments == others and long.startswith(f"{short}_")


def _sort(node: ast.stmt) -> tuple[type, str]:
    """The kind of a statement, with what it sets or calls."""
    what = ""
    if isinstance(node, ast.Assign):
        what = ast.unparse(node.targets[0])
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        what = ast.unparse(node.value.func).rpartition(".")[2]
    return type(node), what


def _between(edit: Edit, origin: Place, old: File, new: File) -> Iterator[Lines]:
    """The insert at each place between the nearest neighbours that are left.

    Where none is left, anywhere in the block.
    """
    siblings, at = origin.siblings, origin.at
    above = next((new.by_key[p.key] for p in siblings[:at][::-1] if p.key in new.by_key), None)
    below = next((new.by_key[p.key] for p in siblings[at + 1 :] if p.key in new.by_key), None)
    kind = "function " if edit.kind.startswith("function") else ""
    after, before = (Edit(kind + side, edit.key, edit.number) for side in ("after", "before"))
    if above is None and below is None and (parent := counterpart(origin.parent, old, new)):
        for place in (place for place in new.places if place.parent is parent):
            for side in (before, after):
                if change := made(side, new, place):
                    yield change
    if above is not None:
        whole = below is None or below.siblings is above.siblings
        stop = (below.at if below else len(above.siblings)) if whole else above.at + 1
        for place in above.siblings[above.at : stop]:
            if change := made(after, new, place):
                yield change
    if below is not None:
        start = below.at if above else 0
        for place in below.siblings[start : below.at + 1]:
            if change := made(before, new, place):
                yield change


def meaning(text: str) -> Hashable:
    """What a file says: its syntax tree without the order of imports,
    functions, fields and keywords, and its comments."""
    tree = ast.parse(text)
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    tree.body = [node for node in tree.body if node not in imports]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            node.keywords.sort(key=lambda keyword: keyword.arg or "")
        if isinstance(node, ast.ClassDef):
            fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
            others = [n for n in node.body if n not in fields]
            node.body = sorted(fields, key=ast.dump) + others  # type: ignore[arg-type]
    defined = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    others = [node for node in tree.body if node not in defined]
    tree.body = [*others, *sorted(defined, key=lambda node: node.name)]
    names = {
        (getattr(node, "module", None), alias.name, alias.asname)
        for node in imports
        for alias in node.names
    }
    return ast.dump(tree), frozenset(names), _comments(text)


def _comments(text: str) -> tuple[tuple[str, str], ...]:
    """Each comment that an edit wrote, with the code that follows it or stands before it."""
    found = []
    lines = text.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and token.string.startswith("# edited"):
            beside = token.line[: token.start[1]].strip()
            if not beside:
                rest = (line.strip() for line in lines[token.start[0] :])
                beside = next((line for line in rest if line and line[0] != "#"), "")
            found.append((token.string, re.sub(r"\W+", "", beside)))
    return tuple(sorted(found))
