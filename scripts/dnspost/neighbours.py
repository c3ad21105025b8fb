"""Pairs of points that are close to each other in a periodic box."""

import itertools

import numpy as np

from dnspost.grid import Array


def pairs_within(points: Array, box: Array, distance: float) -> tuple[Array, Array, Array]:
    """Return the pairs of `points` [n][3] in a `box` of three sides that are this close or closer.

    They are the numbers i < j of each pair, and their distances, across the sides of the box as
    well: the shortest, so that `distance` must not be above half of any side. The box is cut into
    cells, and only points in cells next to each other are looked at.
    """
    cells = np.maximum((box / max(distance, box.max() / 256)).astype(int), 1)
    cell = np.minimum((points % box / box * cells).astype(int), cells - 1)
    number = np.ravel_multi_index(tuple(cell.T), tuple(cells))
    order = np.argsort(number, kind="stable")
    ordered = number[order]
    found = []
    # On an axis with fewer than three cells, some cells lie on both sides of a cell.
    sides = [sorted({step % n for step in (-1, 0, 1)}) for n in cells]
    for steps in itertools.product(*sides):
        other = np.ravel_multi_index(tuple(((cell + steps) % cells).T), tuple(cells))
        start, end = (np.searchsorted(ordered, other, side) for side in ("left", "right"))
        count = end - start
        i = np.repeat(np.arange(len(points)), count)
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        j = order[np.repeat(start, count) + within]
        i, j = i[i < j], j[i < j]
        apart = points[i] - points[j]
        r = np.sqrt(((apart - np.rint(apart / box) * box) ** 2).sum(-1))
        close = r <= distance
        found.append((i[close], j[close], r[close]))
    i, j, r = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return i, j, r
