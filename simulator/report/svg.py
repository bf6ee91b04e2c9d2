"""Line charts as SVG: small, without a script, the same on screen and on paper.

Lines differ in colour and in dash, in colours that people who see no red or green tell apart (Okabe and Ito, 2008).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import floor, isfinite, log10

from simulator.report import words
from simulator.report.thin import thin

BLUE, VERMILION, GREEN, ORANGE, PURPLE = "#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7"
INK, FAINT = "#25313c", "#5c6975"
_GRID = "#e3e8ec"
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 10, 34
_TIMES_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800)
_POINTS = 400

Shown = Callable[[float], str]


@dataclass(frozen=True)
class Line:
    """A line of a chart. dots: its points are drawn, without a line unless `joined`. steps: it changes at once."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: str = BLUE
    dash: str = ""
    width: float = 1.8
    steps: bool = False
    dots: bool = False
    joined: bool = True


@dataclass(frozen=True)
class Chart:
    """What to draw. zero: a line at 0 that says so. marks: (x, text) of moments. x_of, y_of: how ticks read."""

    lines: Sequence[Line]
    y_title: str
    x_title: str = ""
    times: bool = False
    zero: str = ""
    marks: Sequence[tuple[float, str]] = field(default_factory=tuple)
    width: int = 560
    height: int = 220


def chart(wanted: Chart) -> str:
    """The chart as an <svg>, with a key above it. Every text in it is safe."""
    lines = [line for line in wanted.lines if len(line.xs)]
    if not lines:
        return '<p class="none">Nothing was recorded.</p>'
    space = _Space(wanted, lines)
    parts = [*_grid(space, wanted), *_marks(space, wanted)]
    for line in lines:
        parts += _drawn(space, line)
    label = words.safe(f"{wanted.y_title}: " + ", ".join(line.name for line in lines if line.name))
    box = f'viewBox="0 0 {wanted.width} {wanted.height}" role="img" aria-label="{label}"'
    svg = f'<svg class="plot" {box} font-size="12" font-family="system-ui, sans-serif">{"".join(parts)}</svg>'
    return f'{_key(lines)}<div class="plotted">{svg}</div>'


def _key(lines: Sequence[Line]) -> str:
    shown = []
    for line in lines:
        if not line.name:
            continue
        if line.joined:
            dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
            mark = f'<line x1="0" y1="5" x2="22" y2="5" stroke="{line.colour}" stroke-width="2.4"{dash}/>'
        else:
            mark = f'<circle cx="11" cy="5" r="3.4" fill="{line.colour}"/>'
        shown.append(f'<span><svg width="22" height="10">{mark}</svg> {words.safe(line.name)}</span>')
    return f'<div class="key">{"".join(shown)}</div>' if shown else ""


class _Space:
    """From values to places."""

    def __init__(self, wanted: Chart, lines: Sequence[Line]) -> None:
        xs = [x for line in lines for x in (min(line.xs), max(line.xs))]
        ys = [y for line in lines for y in line.ys if isfinite(y)] or [0.0]
        self.x_low, self.x_high = min(xs), max(max(xs), min(xs) + 1e-9)
        low, high = min(ys), max(ys)
        if wanted.zero:
            low, high = min(low, 0.0), max(high, 0.0)
        room = (high - low or abs(high) or 1.0) * 0.06
        self.y_low, self.y_high = low - room, high + room
        self.left, self.right = _LEFT, wanted.width - _RIGHT
        self.top, self.bottom = _TOP, wanted.height - _BOTTOM

    def x(self, value: float) -> float:
        return self.left + (value - self.x_low) / (self.x_high - self.x_low) * (self.right - self.left)

    def y(self, value: float) -> float:
        inside = min(max(value, self.y_low), self.y_high)
        return self.bottom - (inside - self.y_low) / (self.y_high - self.y_low) * (self.bottom - self.top)


def _grid(space: _Space, wanted: Chart) -> list[str]:
    parts = []
    for value, shown in ticks(space.y_low, space.y_high, 5):
        y = space.y(value)
        parts.append(f'<line x1="{space.left}" y1="{y:.1f}" x2="{space.right}" y2="{y:.1f}" stroke="{_GRID}"/>')
        parts.append(f'<text x="{space.left - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{FAINT}">{shown}</text>')
    found = time_ticks(space.x_low, space.x_high, 6) if wanted.times else ticks(space.x_low, space.x_high, 8)
    for value, shown in found:
        x = space.x(value)
        parts.append(f'<line x1="{x:.1f}" y1="{space.top}" x2="{x:.1f}" y2="{space.bottom}" stroke="{_GRID}"/>')
        anchor = "end" if x > space.right - 24 else "middle"
        parts.append(f'<text x="{x:.1f}" y="{space.bottom + 15}" text-anchor="{anchor}" fill="{FAINT}">{shown}</text>')
    if wanted.x_title:
        parts.append(
            f'<text x="{space.right}" y="{wanted.height - 4}" text-anchor="end" fill="{FAINT}">'
            f"{words.safe(wanted.x_title)}</text>"
        )
    middle = (space.top + space.bottom) / 2
    parts.append(
        f'<text transform="translate(12 {middle:.0f}) rotate(-90)" text-anchor="middle" fill="{FAINT}">'
        f"{words.safe(wanted.y_title)}</text>"
    )
    if wanted.zero:
        y = space.y(0)
        parts.append(
            f'<line x1="{space.left}" y1="{y:.1f}" x2="{space.right}" y2="{y:.1f}" stroke="{INK}" stroke-width="1.2"/>'
            f'<text x="{space.right}" y="{y - 4:.1f}" text-anchor="end" fill="{INK}">{words.safe(wanted.zero)}</text>'
        )
    return parts


def _marks(space: _Space, wanted: Chart) -> list[str]:
    parts = []
    for at, text in wanted.marks:
        if space.x_low <= at <= space.x_high:
            x = space.x(at)
            parts.append(
                f'<line x1="{x:.1f}" y1="{space.top}" x2="{x:.1f}" y2="{space.bottom}" stroke="{FAINT}" '
                f'stroke-dasharray="1,3" stroke-width="1.4"><title>{words.safe(text)}</title></line>'
            )
    return parts


def _drawn(space: _Space, line: Line) -> list[str]:
    parts = []
    if line.joined:
        places = thin(line.xs, line.ys, _POINTS, 0.001, 1) if not line.dots else list(range(len(line.xs)))
        path: list[str] = []
        before = 0.0
        for place in places:
            x, y = space.x(line.xs[place]), space.y(line.ys[place])
            if path and line.steps:
                path.append(f"{x:.1f},{before:.1f}")
            path.append(f"{x:.1f},{y:.1f}")
            before = y
        dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
        parts.append(
            f'<polyline points="{" ".join(path)}" fill="none" stroke="{line.colour}" '
            f'stroke-width="{line.width}" stroke-linejoin="round"{dash}/>'
        )
    if line.dots:
        parts += [
            f'<circle cx="{space.x(x):.1f}" cy="{space.y(y):.1f}" r="3" fill="{line.colour}" fill-opacity=".75"/>'
            for x, y in zip(line.xs, line.ys, strict=True)
        ]
    return parts


def ticks(low: float, high: float, about: int) -> list[tuple[float, str]]:
    """Round values from `low` to `high`, about so many, and how they read."""
    raw = (high - low) / max(about, 1)
    power = 10.0 ** floor(log10(raw)) if raw > 0 else 1.0
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= raw * 0.999)
    digits = max(0, -floor(log10(step) + 1e-9))
    first, last = -floor(-low / step), floor(high / step)
    return [(place * step, words.number(place * step + 0.0, digits)) for place in range(first, last + 1)]


def time_ticks(low_s: float, high_s: float, about: int) -> list[tuple[float, str]]:
    """Round times from `low_s` to `high_s`, at most about so many, as h:mm:ss or as minutes and seconds."""
    step = next((one for one in _TIMES_S if (high_s - low_s) / one <= about), 86_400)
    found = range(-int(-low_s // step) * step, int(high_s) + 1, step)
    return [(float(at), words.clock(at)) for at in found]
