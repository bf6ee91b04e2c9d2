"""Fewer points, same picture: an hour of samples is 3,600 points, most of them on a straight line."""

from __future__ import annotations

from collections.abc import Sequence


def thin(
    times: Sequence[float],
    values: Sequence[float],
    limit: int = 3000,
    tolerance: float = 0.001,
    samples: int = 600,
) -> list[int]:
    """Indices to draw: first, last, every bend and some `samples` evenly between; at most about `limit` + `samples`.

    A point is dropped when the line through its neighbours stays within `tolerance` of the signal's span
    (swinging door). What still is too long is cut into equal pieces of which the lowest and the highest
    point are kept, so that no peak is lost. The even samples are for the pointer: what it shows is the nearest
    point drawn, which must not be an hour away.
    """
    count = min(len(times), len(values))
    if count <= 2:
        return list(range(count))
    band = tolerance * (max(values[:count]) - min(values[:count]))
    kept = _bends(times, values, count, band)
    if len(kept) > limit:
        kept = _extremes(kept, values, limit)
    return sorted({*kept, *range(0, count, max(1, count // samples))})


def _bends(times: Sequence[float], values: Sequence[float], count: int, band: float) -> list[int]:
    kept = [0]
    anchor, low, high = 0, float("-inf"), float("inf")
    for i in range(1, count):
        step = times[i] - times[anchor]
        if step > 0:
            slope = (values[i] - values[anchor]) / step
            room = band / step
            if low <= slope <= high:
                low, high = max(low, slope - room), min(high, slope + room)
                continue
        anchor = i - 1 if i - 1 > anchor else i
        kept.append(anchor)
        low, high = float("-inf"), float("inf")
        step = times[i] - times[anchor]
        if step > 0:
            slope, room = (values[i] - values[anchor]) / step, band / step
            low, high = slope - room, slope + room
    if kept[-1] != count - 1:
        kept.append(count - 1)
    return kept


def _extremes(kept: list[int], values: Sequence[float], limit: int) -> list[int]:
    pieces = max(1, limit // 2)
    found = {kept[0], kept[-1]}
    for piece in range(pieces):
        chunk = kept[piece * len(kept) // pieces : (piece + 1) * len(kept) // pieces]
        if chunk:
            found.add(min(chunk, key=values.__getitem__))
            found.add(max(chunk, key=values.__getitem__))
    return sorted(found)
