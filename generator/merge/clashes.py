"""Makes conflicts as wide as it takes to hold whole blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lgen.merge.events import Event, Side
from lgen.merge.pieces import Piece


@dataclass
class Clash:
    """Changes of both sides that cannot stand together, and the part of the base they are about."""

    start: int
    stop: int
    mine: list[Event]
    new: list[Event]

    @property
    def events(self) -> list[Event]:
        return self.mine + self.new

    def is_header(self, base: Sequence[Piece]) -> bool:
        """Whether it is about nothing but a header that all have."""
        if self.stop != self.start + 1 or base[self.start].kind != "header":
            return False
        return all(event.changes for event in self.events)


def widened(base: Sequence[Piece], sides: tuple[Side, Side], clash: Clash) -> Clash:
    """The clash with as much more as it takes to hold whole blocks."""
    if clash.is_header(base):
        return clash
    start, stop = clash.start, clash.stop
    held = set(clash.mine), set(clash.new)
    while True:
        before = start, stop, len(held[0]), len(held[1])
        for place in _partners(base, start, stop):
            start, stop = min(start, place), max(stop, place + 1)
        for events, side in zip(held, sides, strict=True):
            span = side.pieces_for(start, stop, sorted(events, key=by_place))
            for partner in _partners(side.pieces, *span):
                if partner in side.inverse:
                    place = side.inverse[partner]
                    start, stop = min(start, place), max(stop, place + 1)
                else:
                    events.add(side.event_of(partner))
            for event in side.events:
                if start < stop and event.touches(Event(start, stop, 0, 0)):
                    events.add(event)
            for event in events:
                start, stop = min(start, event.start), max(stop, event.stop)
        if before == (start, stop, len(held[0]), len(held[1])):
            mine, new = (sorted(events, key=by_place) for events in held)
            return Clash(start, stop, mine, new)


def joined(base: Sequence[Piece], sides: tuple[Side, Side], clashes: list[Clash]) -> list[Clash]:
    """The clashes, those as one that overlap."""
    found: list[Clash] = []
    for clash in sorted(clashes, key=lambda c: (c.start, c.stop)):
        last = found[-1] if found else None
        if last and (clash.start < last.stop or {*clash.events} & {*last.events}):
            found.pop()
            both = Clash(
                min(clash.start, last.start),
                max(clash.stop, last.stop),
                [*{*clash.mine, *last.mine}],
                [*{*clash.new, *last.new}],
            )
            clash = widened(base, sides, both)
        found.append(clash)
    return found


def by_place(event: Event) -> tuple[int, int]:
    """The order of events in the base."""
    return event.start, event.stop


def _partners(pieces: Sequence[Piece], first: int, last: int) -> list[int]:
    """Headers and ends outside of the run that belong to some within."""
    partners = []
    for piece in pieces[first:last]:
        if piece.kind in ("header", "clause") and piece.end >= last:
            partners.append(piece.end)
        if piece.kind in ("end", "clause") and piece.opener < first:
            partners.append(piece.opener)
    return partners
