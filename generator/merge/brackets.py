"""Merges what stands in the brackets of a statement: arguments, parameters, keys, elements."""

from __future__ import annotations

import io
import tokenize
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from lgen.merge.normal import comments, words

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_WIDTH = 100


@dataclass(frozen=True)
class Item:
    """One element; `lines` where it has lines of its own, with its comma and comments."""

    text: str
    lines: tuple[str, ...] = ()

    @property
    def says(self) -> Hashable:
        return words(self.text), comments("\n".join(self.lines))

    @property
    def name(self) -> Hashable:
        """The keyword, parameter or key that the element is told by, None where there is none."""
        own = words(self.text)
        return own[0] if len(own) > 1 and own[1] in ("=", ":") else None


@dataclass(frozen=True)
class Brackets:
    """A statement at one of its brackets."""

    head: str
    items: tuple[Item, ...]
    foot: str
    is_open: bool  # each item stands on lines of its own


def merge_brackets(base: str, mine: str, new: str, width: int = _WIDTH) -> str | None:
    """The statement with what both changed in its brackets, None where they changed the same."""
    if new == base or mine == new:
        return mine
    if mine == base:
        return new
    texts = [_brackets(text) for text in (base, mine, new)]
    if not texts[0] or len({len(found) for found in texts}) > 1:
        return None
    for one, ours, theirs in zip(*texts, strict=True):
        frames = {(words(found.head), words(found.foot)) for found in (one, ours, theirs)}
        if len(frames) == 1:
            items = _merge_items(one.items, ours.items, theirs.items)
            if items is not None:
                return _written(theirs, items, ours.is_open or theirs.is_open, width)
    return None


def _written(frame: Brackets, items: Sequence[Item], is_open: bool, width: int) -> str:
    line = frame.head + ", ".join(item.text for item in items) + frame.foot
    fits = "\n" not in line and len(line) <= width
    if fits and not is_open and not any(comments("\n".join(item.lines)) for item in items):
        return line
    lines = [frame.head]
    for item in items:
        own = item.lines or (*item.text.split("\n")[:-1], item.text.split("\n")[-1] + ",")
        lines += ["    " + line if line else line for line in own]
    return "\n".join([*lines, frame.foot])


def _merge_items(
    base: Sequence[Item], mine: Sequence[Item], new: Sequence[Item]
) -> list[Item] | None:
    by_place = len({sum(item.name is None for item in items) for items in (base, mine, new)}) == 1
    keyed = [_keyed(items, by_place) for items in (base, mine, new)]
    if None in keyed:
        return None
    before, ours, theirs = (dict(pairs) for pairs in keyed if pairs is not None)
    common = [key for key in before if key in ours and key in theirs]
    for other in (ours, theirs):
        if [key for key in other if key in before] != [key for key in before if key in other]:
            return None
    merged: list[Item] = []
    for stop in (*common, None):
        runs = [_up_to(side, stop) for side in (before, ours, theirs)]
        run = _merge_run(*runs)
        if run is None:
            return None
        merged += run
        for side in (before, ours, theirs):
            for key in [*_up_to(side, stop), stop]:
                value = side.pop(key, None) if key is not None else None
                if key == stop and value is not None:
                    runs.append({key: value})
        if stop is not None:
            value = _merge_item(*(found[stop] for found in runs[3:]))
            if value is None:
                return None
            merged.append(value)
    return merged


def _keyed(items: Sequence[Item], by_place: bool) -> list[tuple[Hashable, Item]] | None:
    """The items by name, those without one by place or by what they say; None if two are alike."""
    pairs: list[tuple[Hashable, Item]] = []
    for place, item in enumerate(items):
        unnamed = ("", place) if by_place else (item.says,)
        pairs.append((item.name or unnamed, item))
    counts = Counter(key for key, _ in pairs)
    return pairs if all(count == 1 for count in counts.values()) else None


def _up_to(items: dict[Hashable, Item], stop: Hashable) -> dict[Hashable, Item]:
    keys = list(items)
    return {key: items[key] for key in (keys[: keys.index(stop)] if stop in items else keys)}


def _merge_run(
    base: dict[Hashable, Item], mine: dict[Hashable, Item], new: dict[Hashable, Item]
) -> list[Item] | None:
    """The merge of items of which none is in all three."""
    for key, item in base.items():
        for side, other in ((mine, new), (new, mine)):
            if key in side and key not in other and side[key].says != item.says:
                return None  # one dropped what the other changed
    added = [key for key in mine if key not in base]
    more = [key for key in new if key not in base]
    if any(isinstance(key, tuple) for key in (*added, *more)) and added and more:
        return None
    # what has no name and is neither's any more may be what the one dropped and the other changed
    gone = [key for key in base if key not in mine and key not in new]
    if any(isinstance(key, tuple) for key in gone) and (added or more):
        return None
    for key in added:
        if key in new and new[key].says != mine[key].says:
            return None
    return [mine[key] for key in added if key not in new] + [new[key] for key in more]


def _merge_item(base: Item, mine: Item, new: Item) -> Item | None:
    if new.says == base.says:
        return mine if mine.says != base.says or not new.lines else new
    if mine.says in (base.says, new.says):
        return new
    text = merge_brackets(base.text, mine.text, new.text, _WIDTH - 8)
    if text is None or any(comments("\n".join(item.lines)) for item in (base, mine, new)):
        return None
    return Item(text)


def _brackets(text: str) -> list[Brackets]:
    """The statement at each of its outermost brackets."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text + "\n").readline))
    except (tokenize.TokenError, IndentationError):
        return []
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(place: tuple[int, int]) -> int:
        return starts[place[0] - 1] + place[1]

    found = []
    depth = 0
    opening = 0
    commas: list[int] = []
    for token in tokens:
        if token.type != tokenize.OP:
            continue
        if token.string in _CLOSING:
            depth += 1
            if depth == 1:
                opening, commas = offset(token.end), []
        elif token.string in _CLOSING.values():
            depth -= 1
            if depth == 0:
                found.append(_at(text, opening, offset(token.start), commas))
        elif token.string == "," and depth == 1:
            commas.append(offset(token.start))
    return [brackets for brackets in found if brackets]


def _at(text: str, opening: int, closing: int, commas: list[int]) -> Brackets | None:
    """The statement at one bracket, None where comments or lines are in no order."""
    inside = text[opening:closing]
    head, foot = text[:opening], text[closing:]
    if "\n" not in inside or not inside.startswith("\n"):
        if "#" in inside:
            return None
        ends = [*commas, closing]
        parts = [text[a:b] for a, b in zip([opening, *(c + 1 for c in commas)], ends, strict=True)]
        items = tuple(Item(_dedented(part)) for part in parts if part.strip())
        return Brackets(head, items, foot, False)
    lines: list[tuple[str, ...]] = []
    at = opening + 1
    for comma in commas:
        end = text.find("\n", comma) + 1
        if not at < end <= closing:  # two on one line
            return _at_joined(text, opening, closing, commas)
        lines.append(tuple(text[at : end - 1].split("\n")))
        at = end
    rest = text[at:closing].rstrip(" ")
    items_of = [*lines, tuple(rest.rstrip("\n").split("\n"))] if rest.strip() else lines
    own_lines = tuple(item for own in items_of if (item := _item(own)))
    if len(own_lines) < len(items_of):
        return None
    return Brackets(head, own_lines, foot.lstrip(" "), True)


def _at_joined(text: str, opening: int, closing: int, commas: list[int]) -> Brackets | None:
    """Items that share lines of their own."""
    if "#" in text[opening:closing]:
        return None
    ends = [*commas, closing]
    parts = [text[a:b] for a, b in zip([opening, *(c + 1 for c in commas)], ends, strict=True)]
    items = tuple(Item(_dedented(part)) for part in parts if part.strip())
    return Brackets(text[:opening].rstrip(), items, text[closing:], False)


def _item(lines: tuple[str, ...]) -> Item | None:
    """An item on lines of its own; None where it is nothing but comments."""
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    own = tuple(line[indent:] for line in lines)
    code = "\n".join(line for line in own if not line.startswith("#"))
    found = comments(code)
    if len(found) > 1 or (found and not code.endswith(found[0])):
        return None
    code = code.removesuffix(found[0] if found else "").rstrip()
    if not code:
        return None
    if not code.endswith(","):
        *above, last = own
        last = last[: len(last) - len(found[0])].rstrip() if found else last
        own = (*above, f"{last},  {found[0]}" if found else f"{last},")
    return Item(code.removesuffix(","), own)


def _dedented(part: str) -> str:
    first, *more = part.strip().split("\n")
    indents = [len(line) - len(line.lstrip()) for line in more if line.strip()]
    cut = min(indents, default=0)
    return "\n".join([first, *(line[cut:] for line in more)])
