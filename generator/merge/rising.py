"""Picks from pairs of places those that keep the order."""

from __future__ import annotations

from collections.abc import Callable, Hashable


def once_in(places: list[int], key: Callable[[int], Hashable]) -> dict[Hashable, int]:
    """Where in the list each key is that is there once."""
    seen: dict[Hashable, int] = {}
    for at, place in enumerate(places):
        own = key(place)
        seen[own] = -1 if own in seen else at
    return {own: at for own, at in seen.items() if at >= 0}


def rising(
    pairs: list[tuple[int, int]], weight: Callable[[int, int], float]
) -> list[tuple[int, int]]:
    """The weightiest part of the pairs, which are sorted, whose second numbers rise."""
    if all(one[1] < two[1] for one, two in zip(pairs, pairs[1:], strict=False)):
        return pairs
    chosen: list[tuple[int, int]] = []
    run: list[tuple[int, int]] = []
    least = [other for _, other in pairs]
    for at in range(len(least) - 2, -1, -1):
        least[at] = min(least[at], least[at + 1])
    most = -1
    for at, pair in enumerate(pairs):
        run.append(pair)
        most = max(most, pair[1])
        if at + 1 == len(pairs) or least[at + 1] > most:  # nothing crosses from here on
            chosen += _rising_in(run, weight) if len(run) > 1 else run
            run = []
    return chosen


def _rising_in(
    pairs: list[tuple[int, int]], weight: Callable[[int, int], float]
) -> list[tuple[int, int]]:
    best: list[tuple[float, int]] = []
    for at, pair in enumerate(pairs):
        before = [(best[i][0], i) for i in range(at) if pairs[i][1] < pair[1]]
        most, last = max(before, default=(0.0, -1))
        best.append((most + weight(*pair), last))
    chosen = []
    at = max(range(len(best)), key=lambda i: best[i][0])
    while at >= 0:
        chosen.append(pairs[at])
        at = best[at][1]
    return chosen[::-1]
