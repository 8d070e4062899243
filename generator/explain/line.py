"""What brought a line: the options without which it would not be there, or would read otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from lgen.explain.variants import Variant, plan_without, probes, resets
from lgen.generate import RENDERED, generate, rendered_files
from lgen.plan import Plan
from lgen.project import project_plan

Place = tuple[str, int]
Effect = Literal["brings this line", "decides what it says"]


@dataclass(frozen=True)
class Cause:
    """An option, and whether it brings the line or decides what stands in it."""

    variant: Variant
    effect: Effect


class Emitted:
    """What a plan emits, as far as it tells where a line comes from."""

    def __init__(self, plan: Plan, path: str) -> None:
        self.plan = plan
        self.path = path

    @cached_property
    def places(self) -> dict[Place, set[str]]:
        """By line of a template, the texts that it gives in the file, before formatting."""
        found: dict[Place, set[str]] = {}
        rendered = rendered_files(self.plan, [self.path], format=False)
        for line in rendered[self.path].lines:
            place = (line.origin.template, line.origin.line)
            found.setdefault(place, set()).add(line.text.strip())
        return found

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each line stands in the file."""
        rendered = rendered_files(self.plan, [self.path])
        return Counter(line.strip() for line in rendered[self.path].text.split("\n"))

    @cached_property
    def texts(self) -> set[str]:
        """The lines of the file, none where there is no such file."""
        text = generate(self.plan, format=False).get(self.path, "")
        return {line.strip() for line in text.split("\n")}


@dataclass(frozen=True)
class Subject:
    """A line that lgen wrote, with the template lines that gave it, if it is from a template."""

    path: str
    text: str
    places: frozenset[Place]

    def effect_of(self, now: Emitted, other: Emitted) -> Effect | None:
        """What it means for the line that another plan is carried out."""
        if not self.places:
            return None if self.text in other.texts else "brings this line"
        effect = self._effect_on_places(now, other)
        if effect and other.counts[self.text] >= now.counts[self.text]:
            return None  # another line of the template may say the same in its place
        return effect

    def _effect_on_places(self, now: Emitted, other: Emitted) -> Effect | None:
        """What it means for the lines of the template, before formatting, which takes longer."""
        if not self.places <= other.places.keys():
            return "brings this line"
        if not any(self.text in now.places.get(place, ()) for place in self.places):
            return "decides what it says"  # black has put several lines of the template into it
        for place in self.places:
            given = now.places.get(place, set())
            if not ({self.text} if self.text in given else given) <= other.places[place]:
                return "decides what it says"
        return None


def same_line(before: list[str], after: list[str], number: int) -> int | None:
    """The number in `before` of a line of `after`, None where it is not there."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for a, b, size in matcher.get_matching_blocks():
        if b < number <= b + size:
            return a + number - b
    return None


def subject(plan: Plan, path: str, base: list[str], number: int) -> Subject | None:
    """The line of the base as what the plan emits; None where it emits no such line."""
    text = base[number - 1].strip()
    if path not in RENDERED:
        return Subject(path, text, frozenset())
    rendered = rendered_files(plan, [path])[path]
    at = same_line(rendered.text.split("\n"), base, number)
    if at is None:
        return None
    origins = rendered.origins[at - 1] if at <= len(rendered.origins) else ()
    return Subject(path, text, frozenset((o.template, o.line) for o in origins))


def causes(root: Path, plan: Plan, values: dict[str, Any], line: Subject) -> list[Cause]:
    """The options that the line is there for; of those at their defaults only where no other is."""
    now = Emitted(plan, line.path)
    written = list(_causes(now, _plans_of_resets(root, values), line))
    found = written or list(_causes(now, _plans_of_probes(root, values), line))
    return _most_telling(found, line.text)


def _plans_of_resets(root: Path, values: dict[str, Any]) -> Iterator[tuple[Variant, Plan]]:
    """For each option that is written, the plan without it."""
    for variant in resets(values):
        if (found := plan_without(root, values, variant.key)) is not None:
            yield variant, found[0]


def _plans_of_probes(root: Path, values: dict[str, Any]) -> Iterator[tuple[Variant, Plan]]:
    """For each option that is left at its default, the plans with other values."""
    for variant in probes(values):
        plan = project_plan(root, variant.text)
        if isinstance(plan, Plan):
            yield variant, plan


def _causes(now: Emitted, plans: Iterable[tuple[Variant, Plan]], line: Subject) -> Iterator[Cause]:
    """The variants of the spec under which the line is another."""
    seen: set[tuple[str, Effect]] = set()
    for variant, plan in plans:
        if (variant.key, "brings this line") in seen or plan.decisions == now.plan.decisions:
            continue
        effect = line.effect_of(now, Emitted(plan, line.path))
        if effect is not None and (variant.key, effect) not in seen:
            seen.add((variant.key, effect))
            yield Cause(variant, effect)


def _most_telling(found: list[Cause], text: str) -> list[Cause]:
    """Those that bring the line first, of these the ones that it names; an inner option in the
    place of its mapping, and what brings the line in the place of what it decides."""
    bring = {cause.variant.key for cause in found if cause.effect == "brings this line"}
    found = [c for c in found if c.effect == "brings this line" or c.variant.key not in bring]
    inner = {(cause.variant.key.rpartition(".")[0], cause.effect) for cause in found}
    kept = [cause for cause in found if (cause.variant.key, cause.effect) not in inner]
    return sorted(kept, key=lambda c: (c.effect, c.variant.key.rpartition(".")[2] not in text))
