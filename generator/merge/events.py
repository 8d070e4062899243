"""What one side did to the base: runs of pieces that it replaced, and pieces that it changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lgen.merge.align import align
from lgen.merge.likeness import is_anew, is_jump
from lgen.merge.pieces import Piece


@dataclass(frozen=True, eq=False)
class Event:
    """The side has its pieces `first` up to `last` for those of the base from `start` to `stop`.

    An event is of one piece that is changed, or of a run that is inserted, deleted or replaced.
    """

    start: int
    stop: int
    first: int
    last: int
    changes: bool = False

    @property
    def inserts(self) -> bool:
        return self.start == self.stop

    @property
    def deletes(self) -> bool:
        return self.first == self.last

    def touches(self, other: Event) -> bool:
        """Whether both are about the same pieces or the same gap."""
        if self.inserts and other.inserts:
            return self.start == other.start
        if self.inserts or other.inserts:
            gap, run = (self, other) if self.inserts else (other, self)
            return run.start < gap.start < run.stop
        return max(self.start, other.start) < min(self.stop, other.stop)


class Side:
    """A text beside its base."""

    def __init__(self, name: str, base: Sequence[Piece], pieces: Sequence[Piece]) -> None:
        self.name = name
        self.base = base
        self.pieces = pieces
        self.found = align(base, pieces)
        self.inverse = {other: place for place, other in enumerate(self.found) if other >= 0}
        self.events = list(self._events())
        self.moved = dict(self._moved())
        self.unwrapped = set(self._unwrapped())

    def _events(self) -> list[Event]:
        base = self.base
        events = []
        at = (0, 0)
        for place, other in enumerate([*self.found, len(self.pieces)]):
            if other < 0:
                continue
            if (place, other) != at:
                events.append(Event(at[0], place, at[1], other))
            at = (place + 1, other + 1)
            if place == len(base) or base[place].kind == "end":
                continue
            if base[place].id != self.pieces[other].id:
                events.append(Event(place, place + 1, other, other + 1, changes=True))
        return events

    def _moved(self) -> Iterator[tuple[int, int]]:
        """The statements of the base that the side has elsewhere, as they were or much like it."""
        new = [place for place, piece in enumerate(self.pieces) if place not in self.inverse]
        new = [place for place in new if self.pieces[place].kind == "statement"]
        for number, piece in enumerate(self.base):
            if self.found[number] < 0 and piece.kind == "statement":
                same = [place for place in new if self._is_same(number, place)]
                alike = [place for place in new if is_anew(piece, self.pieces[place])]
                if found := same or alike:
                    yield number, found[0]

    def _is_same(self, number: int, place: int) -> bool:
        """Whether two statements say the same; jumps say too little without what is around them."""
        before, after = self.base[number], self.pieces[place]
        if before.id != after.id or not is_jump(before):
            return before.id == after.id
        around = before.holder, after.holder
        return min(around) >= 0 and self.base[around[0]].id == self.pieces[around[1]].id

    def _unwrapped(self) -> Iterator[int]:
        """The headers of the base that the side has no more, though it has what was in them."""
        for place, piece in enumerate(self.base):
            if piece.kind == "header" and self.found[place] < 0:
                if any(found >= 0 for found in self.found[place + 1 : piece.end]):
                    yield place

    def has_elsewhere(self, place: int) -> bool:
        """Whether it moved a piece of the base, or one of the block that begins or ends there."""
        piece = self.base[place]
        first = piece.opener if piece.kind == "end" else place
        last = piece.end if piece.kind == "header" else place
        return any(inner in self.moved for inner in range(first, last + 1))

    def brought(self) -> Iterator[tuple[Event, int]]:
        """The places of the pieces that the side put in or changed, with the event of each."""
        for event in self.events:
            for place in range(event.first, event.last):
                yield event, place

    def event_of(self, piece: int) -> Event:
        """The event that brought a piece."""
        return next(event for event in self.events if event.first <= piece < event.last)

    def pieces_for(self, start: int, stop: int, events: Sequence[Event]) -> tuple[int, int]:
        """Its pieces from the place to the other one of the base, with those of the events."""
        first = [event.first for event in events if event.start == start]
        last = [event.last for event in events if event.stop == stop]
        if start == stop:
            return (first[0], last[0]) if first else (0, 0)
        return (
            min(first) if first else self.found[start],
            max(last) if last else self.found[stop - 1] + 1,
        )

    def owner(self, header: int) -> tuple[str, int]:
        """The same for the same header in base and side."""
        return ("", self.inverse[header]) if header in self.inverse else (self.name, header)
