"""Merges three texts piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lgen.merge.clashes import Clash, by_place, joined, widened
from lgen.merge.events import Event, Side
from lgen.merge.inserts import in_order
from lgen.merge.pieces import Piece
from lgen.merge.statements import merge_statement


@dataclass(frozen=True)
class Chosen:
    """A piece of the result; `owner` tells headers and ends that belong together."""

    piece: Piece
    owner: tuple[str, int]
    source: str  # "mine", "new", or "" where both have it


@dataclass(frozen=True)
class Conflict:
    """Two runs of pieces of which a person must choose."""

    mine: Sequence[Piece]
    new: Sequence[Piece]
    owner: tuple[str, int] = ("", -1)  # where both are the header of one block


Result = Sequence[Chosen | Conflict]


class Weave:
    """A merge of pieces; `result` is in order, its blocks need not be whole yet."""

    def __init__(self, base: Sequence[Piece], mine: Sequence[Piece], new: Sequence[Piece]) -> None:
        self.base = base
        self.mine, self.new = Side("mine", base, mine), Side("new", base, new)
        self.sides = (self.mine, self.new)
        self.refused: list[set[Event]] = []  # what must not be merged, but stand in a conflict
        self.in_conflict: set[Event] = set()
        self.result: list[Chosen | Conflict] = []

    def run(self) -> Result:
        """Merge; pieces that are refused become conflicts."""
        starts: dict[int, Result] = {}
        inserted: dict[int, Result] = {}
        skipped: set[int] = set()
        for start, stop, result in self.resolved():
            (inserted if start == stop else starts)[start] = result
            skipped.update(range(start, stop))
        self.result = []
        for place in range(len(self.base) + 1):
            self.result += inserted.get(place, [])
            self.result += starts.get(place, [])
            if place < len(self.base) and place not in skipped:
                self.result.append(self.kept(place))
        return self.result

    def resolved(self) -> Iterator[tuple[int, int, Result]]:
        """For each place of the base where a side did something, what comes there."""
        clashes: list[Clash] = []
        done: list[tuple[Clash, Result]] = []
        for mine, new in self.groups():
            group = Clash(*_extent(mine + new), mine, new)
            result = self.resolve(mine, new) if not self.is_refused(mine, new) else None
            if result is None:
                clashes.append(widened(self.base, self.sides, group))
            else:
                done.append((group, result))
        while True:
            clashes = joined(self.base, self.sides, clashes)
            covered = {event for clash in clashes for event in clash.events}
            torn = [
                g for g, _ in done if not covered.isdisjoint(g.events) and {*g.events} - covered
            ]
            if not torn:
                break
            clashes += torn
            done = [(group, result) for group, result in done if group not in torn]
        self.in_conflict = covered
        for group, result in done:
            if covered.isdisjoint(group.events):
                yield group.start, group.stop, result
        for clash in clashes:
            yield clash.start, clash.stop, [self.conflict(clash)]

    def groups(self) -> Iterator[tuple[list[Event], list[Event]]]:
        """The events of both sides, those together that are about the same."""
        left = [list(side.events) for side in self.sides]
        while left[0] or left[1]:
            which = 0 if left[0] else 1
            group: list[list[Event]] = [[], []]
            group[which].append(left[which].pop(0))
            grown = True
            while grown:
                grown = False
                for here in (0, 1):
                    others = group[1 - here]
                    near = [e for e in left[here] if any(e.touches(o) for o in others)]
                    for refused in self.refused:
                        if refused.intersection(group[0] + group[1]):
                            near += [e for e in left[here] if e in refused and e not in near]
                    if near:
                        grown = True
                        group[here] += near
                        left[here] = [event for event in left[here] if event not in near]
            yield sorted(group[0], key=by_place), sorted(group[1], key=by_place)

    def is_refused(self, mine: list[Event], new: list[Event]) -> bool:
        return any(event in refused for refused in self.refused for event in mine + new)

    def resolve(self, mine: list[Event], new: list[Event]) -> Result | None:
        """What comes of the events, None where they are in conflict."""
        if not new or not mine:
            side, events = (self.mine, mine) if mine else (self.new, new)
            (event,) = events
            if event.changes:
                return [self.kept(event.start)]
            if event.inserts and self.has_lost_its_place(side, event):
                return None
            return self.chosen(side, event.first, event.last)
        start, stop = _extent(mine + new)
        ours = self.mine.pieces_for(start, stop, mine)
        theirs = self.new.pieces_for(start, stop, new)
        if self.ids(self.mine, *ours) == self.ids(self.new, *theirs):
            return self.chosen(self.mine, *ours, source="")
        if all(event.deletes for event in mine + new):
            dropped = {i for event in mine + new for i in range(event.start, event.stop)}
            if any(i in side.moved for i in dropped for side in self.sides):
                return None
            if (self.mine.unwrapped - self.new.unwrapped) & dropped:
                return None
            return [self.kept(i) for i in range(start, stop) if i not in dropped]
        if mine[0].changes and new[0].changes and len(mine) == len(new) == 1:
            pieces = self.base[start], self.mine.pieces[ours[0]], self.new.pieces[theirs[0]]
            merged = merge_statement(*pieces)
            return [Chosen(merged, ("", start), "")] if merged else None
        if start == stop:
            order = in_order(self.base, self.mine, self.new, mine[0], new[0])
            if order is None:
                return None
            spans = [(side, *(ours if side is self.mine else theirs)) for side in order]
            above, below = (self.chosen(*span) for span in spans)
            if all(self.leads(*span) for span in spans):  # only one begins the paragraph now
                below[0] = replace(below[0], piece=replace(below[0].piece, blanks=0))
            return [*above, *below]
        return None

    def leads(self, side: Side, first: int, last: int) -> bool:
        """Whether the inserted pieces begin the paragraph of the piece below them."""
        below = side.pieces[last].blanks if last < len(side.pieces) else 0
        return side.pieces[first].blanks > 0 and below == 0

    def has_lost_its_place(self, side: Side, event: Event) -> bool:
        """Whether what a side inserts was beside a statement that the other has elsewhere, or the
        comment of the user on one that is nowhere."""
        other = self.new if side is self.mine else self.mine
        place = event.start
        above = place > 0 and other.found[place - 1] < 0 and place - 1
        below = place < len(self.base) and other.found[place] < 0 and place
        pieces = side.pieces[event.first : event.last]
        if side is self.mine and pieces[-1].kind == "comment" and place < len(self.base):
            if below is not False:
                return side.pieces[event.last].blanks == 0
            if self.base[place].kind != "end" and len(pieces) == 1:
                return False
        gone = [at for at in (above, below) if at is not False]
        if any(other.has_elsewhere(at) for at in gone):
            return True
        inside = self.base[place].holder if place < len(self.base) else -1
        if place < len(self.base) and self.base[place].kind == "end":
            inside = self.base[place].opener
        return inside in other.unwrapped and any(self.base[at].kind == "statement" for at in gone)

    def ids(self, side: Side, first: int, last: int) -> list[tuple[int, int]]:
        pieces = side.pieces[first:last]
        lowest = min((piece.depth for piece in pieces), default=0)
        return [(piece.id, piece.depth - lowest) for piece in pieces]

    def chosen(self, side: Side, first: int, last: int, source: str | None = None) -> list[Chosen]:
        """The pieces of one side as they are."""
        source = side.name if source is None else source
        found = []
        for place in range(first, last):
            piece = side.pieces[place]
            owner = side.owner(piece.opener if piece.kind in ("end", "clause") else place)
            found.append(Chosen(piece, owner, source))
        return found

    def kept(self, place: int) -> Chosen:
        """A piece of the base that one side changed at most."""
        base = self.base[place]
        owner = ("", base.opener if base.kind in ("end", "clause") else place)
        mine = self.mine.pieces[self.mine.found[place]]
        new = self.new.pieces[self.new.found[place]]
        if new.id != base.id:
            piece, source = new, "new"
        elif mine.id != base.id:
            piece, source = mine, "mine"
        else:
            piece, source = (new if mine.lines == base.lines else mine), ""
        blanks = new.blanks if mine.blanks == base.blanks else mine.blanks
        if blanks != piece.blanks:
            piece = replace(piece, blanks=blanks)
        return Chosen(piece, owner, source)

    def conflict(self, clash: Clash) -> Conflict:
        ours = self.mine.pieces_for(clash.start, clash.stop, clash.mine)
        theirs = self.new.pieces_for(clash.start, clash.stop, clash.new)
        owner = ("", clash.start if clash.is_header(self.base) else -1)
        return Conflict(self.mine.pieces[slice(*ours)], self.new.pieces[slice(*theirs)], owner)


def _extent(events: list[Event]) -> tuple[int, int]:
    return min(event.start for event in events), max(event.stop for event in events)
