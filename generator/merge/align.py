"""Finds for each piece of one text the piece of another that it has become.

What is found keeps the order, and what stands in a block that is found stands in that block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from lgen.merge.consistent import Pieces, make_consistent
from lgen.merge.likeness import is_jump, ratio_of, same_sort
from lgen.merge.normal import words
from lgen.merge.pieces import Piece
from lgen.merge.rising import once_in, rising

_MAX_TABLE = 40_000  # cells of one table of likenesses


def align(old: Pieces, new: Pieces) -> list[int]:
    """For each old piece the place of the new one, -1 where there is none."""
    return _Alignment(old, new).find()


class _Alignment:
    def __init__(self, old: Pieces, new: Pieces) -> None:
        self.old, self.new = old, new
        self.found = [-1] * len(old)
        self.chains = _chains(old), _chains(new)
        self.contents: dict[tuple[bool, int], Counter[int]] = {}

    def find(self) -> list[int]:
        self.scope((0, len(self.old)), (0, len(self.new)))
        make_consistent(self.old, self.new, self.found)
        for place, piece in enumerate(self.old):
            if piece.kind == "header" and (other := self.found[place]) >= 0:
                self.found[piece.end] = self.new[other].end
        return self.found

    def scope(self, old: tuple[int, int], new: tuple[int, int]) -> None:
        """Align what stands between these places; functions and classes by name, then inside."""
        ours, theirs = _atoms(self.old, *old), _atoms(self.new, *new)
        self.by_keys(ours, theirs, 0)
        for place in ours:
            other = self.found[place]
            if other >= 0 and self.old[place].name and self.new[other].name:
                self.scope((place + 1, self.old[place].end), (other + 1, self.new[other].end))

    def by_keys(self, ours: list[int], theirs: list[int], step: int) -> None:
        """Align the pieces that are there once in both, then what lies between these."""
        if not ours or not theirs:
            return
        if step == 3:
            self.by_likeness(ours, theirs)
            return
        key = (self.whole_key, self.parent_key, self.own_key)[step]
        once = once_in(ours, lambda i: key(False, i))
        others = once_in(theirs, lambda j: key(True, j))
        pairs = [(place, others[k]) for k, place in once.items() if k in others]
        start = (0, 0)
        for at, other in rising(sorted(pairs), lambda a, b: self.weight(ours[a], theirs[b])):
            self.found[ours[at]] = theirs[other]
            self.by_keys(ours[start[0] : at], theirs[start[1] : other], step + 1)
            start = (at + 1, other + 1)
        self.by_keys(ours[start[0] :], theirs[start[1] :], step + 1)

    def piece(self, new: bool, place: int) -> Piece:
        return (self.new if new else self.old)[place]

    def own_key(self, new: bool, place: int) -> Hashable:
        piece = self.piece(new, place)
        if piece.name:
            return (piece.name,)
        if piece.kind in ("header", "clause") or is_jump(piece):
            return (new, place)  # too little to tell it by
        return piece.id

    def parent_key(self, new: bool, place: int) -> Hashable:
        piece = self.piece(new, place)
        if piece.name:
            return (piece.name,)
        holder = piece.holder
        return (piece.id, self.piece(new, holder).id if holder >= 0 else -1)

    def whole_key(self, new: bool, place: int) -> Hashable:
        piece = self.piece(new, place)
        return (piece.name,) if piece.name else (piece.id, self.chains[new][place])

    def weight(self, place: int, other: int) -> float:
        """How much it counts that these two are the same: more where they lie equally deep."""
        one, two = self.old[place], self.new[other]
        size = 1.0 + (one.end - place if one.name else 0)
        return size + 0.5 * (one.depth == two.depth) + 0.5 * (one.kind != "comment")

    def by_likeness(self, ours: list[int], theirs: list[int]) -> None:
        """The alignment with the most likeness."""
        while ours and theirs and self.same(ours[0], theirs[0]):
            self.found[ours[0]] = theirs[0]
            ours, theirs = ours[1:], theirs[1:]
        while ours and theirs and self.same(ours[-1], theirs[-1]):
            self.found[ours[-1]] = theirs[-1]
            ours, theirs = ours[:-1], theirs[:-1]
        if not ours or not theirs or len(ours) * len(theirs) > _MAX_TABLE:
            return
        width = len(theirs) + 1
        best = [[0.0] * width for _ in range(len(ours) + 1)]
        scores = [[self.likeness(i, j) for j in theirs] for i in ours]
        for i in range(len(ours) - 1, -1, -1):
            row, below, score = best[i], best[i + 1], scores[i]
            for j in range(len(theirs) - 1, -1, -1):
                most = row[j + 1] if row[j + 1] > below[j] else below[j]
                if score[j] and score[j] + below[j + 1] > most:
                    most = score[j] + below[j + 1]
                row[j] = most
        i = j = 0
        while i < len(ours) and j < len(theirs):
            if scores[i][j] and best[i][j] == scores[i][j] + best[i + 1][j + 1]:
                self.found[ours[i]] = theirs[j]
                i, j = i + 1, j + 1
            elif best[i][j] == best[i + 1][j]:
                i += 1
            else:
                j += 1

    def same(self, place: int, other: int) -> bool:
        """Whether both say the same in the same surroundings."""
        return (
            self.old[place].id == self.new[other].id
            and self.chains[0][place] == self.chains[1][other]
        )

    def likeness(self, place: int, other: int) -> float:
        """How much a new piece is like an old one; 0: it is another one."""
        one, two = self.old[place], self.new[other]
        if one.kind != two.kind or one.name != two.name:
            return 0.0
        if one.name:
            return 8.0
        chain = 1.0 * (self.chains[0][place] == self.chains[1][other])
        if one.kind == "header":
            share = self.share(place, other)
            if one.id == two.id:
                return 3.0 + chain + 3.0 * share
            if not same_sort(one, two) or share < 0.5:
                return 0.0
            return 1.0 + chain + 2.0 * share
        if one.kind == "clause":
            if one.id == two.id:
                return 2.0 + chain
            return 0.5 * (one.text.split()[0] == two.text.split()[0])
        if one.id == two.id:
            return 4.0 + chain if not is_jump(one) else 2.0 * chain
        if one.kind == "comment" or not same_sort(one, two):
            return 0.0
        ratio = ratio_of(words(one.text), words(two.text))
        return ratio + 0.5 + chain / 4 if ratio >= 0.5 else 0.0

    def share(self, place: int, other: int) -> float:
        """The share of the smaller block that is also in the other one."""
        one, two = self.content(False, place), self.content(True, other)
        least = min(sum(one.values()), sum(two.values()))
        if not one and not two:  # `if a: break` and `if a or b: break`
            ratio = ratio_of(words(self.old[place].text), words(self.new[other].text))
            return 0.5 * (ratio >= 0.6)
        return sum((one & two).values()) / least if least else 0.0

    def content(self, new: bool, place: int) -> Counter[int]:
        if (new, place) not in self.contents:
            pieces = (self.new if new else self.old)[place + 1 : self.piece(new, place).end]
            ids = (piece.id for piece in pieces if piece.kind != "end" and not is_jump(piece))
            self.contents[new, place] = Counter(ids)
        return self.contents[new, place]


def _atoms(pieces: Pieces, start: int, stop: int) -> list[int]:
    """The places of the pieces, without ends and without what is in functions and classes."""
    places = []
    at = start
    while at < stop:
        if pieces[at].kind != "end":
            places.append(at)
        at = pieces[at].end if pieces[at].name else at + 1
    return places


def _chains(pieces: Pieces) -> list[int]:
    """For each piece what stands for all blocks around it, up to the function."""
    chains: list[int] = []
    for piece in pieces:
        holder = piece.holder
        if holder < 0:
            chains.append(0)
        elif pieces[holder].name:
            chains.append(1)
        else:
            chains.append(hash((chains[holder], pieces[holder].id)))
    return chains
