"""The bench's wiring as a picture, a table and a Wokwi diagram: `python -m tools.bench_drawing`.

Writes docs/bench/wiring.svg, docs/bench/diagram.json and the pin table in docs/bench.md. With
--check it writes nothing and exits 1 where one of them is not what hal/pico/pins.py says.
"""

from __future__ import annotations

import json
import sys
from html import escape
from pathlib import Path

from tools.bench_parts import CONNECTOR, LEFT, PINS, RIGHT, Part, Terminal, physical, pin_table
from tools.bench_wokwi import diagram

DOCS = Path("docs")
PAGE, PICTURE, WOKWI = "bench.md", "bench/wiring.svg", "bench/diagram.json"
BEGIN, END = "<!-- pins: made by python -m tools.bench_drawing -->\n", "<!-- end of pins -->\n"

WIDTH, TOP, PITCH = 1480, 150, 38
PICO_LEFT, PICO_RIGHT = 650, 830
BOX_WIDTH, MARGIN = 400, 24
TITLE, NOTE, END_PITCH, GAP = 28, 19, 24, 16
_SUBTITLE = "Not a medical device. All grounds are joined; 3V3 is pin 36. Grey pins: power and ground."
_FONT = "font-family='DejaVu Sans, Verdana, sans-serif'"


def _text(
    x: float, y: float, text: str, size: int = 13, anchor: str = "start", fill: str = "#111", bold: bool = False
) -> str:
    weight = " font-weight='bold'" if bold else ""
    place = f"x='{x:g}' y='{y:g}' text-anchor='{anchor}'"
    return f"<text {place} font-size='{size}' fill='{fill}'{weight}>{escape(text)}</text>"


def _height(part: Part) -> int:
    return TITLE + max(NOTE * len(part.notes), END_PITCH * len(part.terminals)) + 10


def _pin_y(gpio: int) -> float:
    place = physical(gpio)
    return TOP + PITCH * (place - 1 if place <= PINS // 2 else PINS - place)


class _Side:
    """The boxes of one side, from top to bottom, and where their ends are."""

    def __init__(self, parts: tuple[Part, ...], left: bool, height: float) -> None:
        self.left = left
        self.x = MARGIN if left else WIDTH - MARGIN - BOX_WIDTH
        self.edge = self.x + BOX_WIDTH if left else self.x
        self.ends: list[tuple[Part, Terminal, float]] = []
        self.svg: list[str] = []
        free = height - sum(map(_height, parts)) - GAP * (len(parts) - 1)
        y = TOP - 30 + max(free, 0) / 2
        for part in parts:
            self._box(part, y)
            y += _height(part) + GAP

    def _box(self, part: Part, y: float) -> None:
        inner = self.x + 12 if self.left else self.x + BOX_WIDTH - 12
        anchor = "start" if self.left else "end"
        self.svg.append(
            f"<rect x='{self.x}' y='{y:g}' width='{BOX_WIDTH}' height='{_height(part)}' rx='6' fill='#fff' "
            f"stroke='{part.colour}' stroke-width='2'/>"
        )
        self.svg.append(_text(inner, y + 20, part.title, 15, anchor, part.colour, bold=True))
        line = y + TITLE + 12
        for note in part.notes:
            text = note.replace("   ", "\u2003 ")
            self.svg.append(_text(inner, line, text, 12, anchor, "#444"))
            line += NOTE
        end = y + TITLE + END_PITCH / 2
        for terminal in part.terminals:
            label = self.edge - 12 if self.left else self.edge + 12
            self.svg.append(_text(label, end + 4, terminal.label, 13, "end" if self.left else "start"))
            self.ends.append((part, terminal, end))
            end += END_PITCH

    def wires(self) -> list[str]:
        """Each wire has a lane of its own; those that rise and those that fall never cross their like."""
        near, far = (PICO_LEFT - 24, self.edge + 16) if self.left else (PICO_RIGHT + 24, self.edge - 16)
        rising = [end for end in self.ends if end[2] < _pin_y(end[1].gpio)]
        falling = [end for end in self.ends if end[2] >= _pin_y(end[1].gpio)]
        ordered = sorted(rising, key=lambda end: _pin_y(end[1].gpio))
        ordered += sorted(falling, key=lambda end: -_pin_y(end[1].gpio))
        svg = []
        for place, (part, terminal, y) in enumerate(ordered):
            lane = near + (far - near) * place / max(len(ordered) - 1, 1)
            pin_y = _pin_y(terminal.gpio)
            pin_x = PICO_LEFT if self.left else PICO_RIGHT
            svg.append(
                f"<polyline points='{pin_x},{pin_y:g} {lane:g},{pin_y:g} {lane:g},{y:g} {self.edge},{y:g}' "
                f"fill='none' stroke='{part.colour}' stroke-width='2'/>"
            )
            svg.append(f"<circle cx='{self.edge}' cy='{y:g}' r='3.5' fill='{part.colour}'/>")
        return svg


def _pico() -> list[str]:
    bottom = TOP + PITCH * (PINS // 2 - 1)
    svg = [
        f"<rect x='{PICO_LEFT}' y='{TOP - 44}' width='{PICO_RIGHT - PICO_LEFT}' height='{bottom - TOP + 80}' rx='10' "
        "fill='#ecfdf5' stroke='#065f46' stroke-width='2'/>",
        f"<rect x='{(PICO_LEFT + PICO_RIGHT) / 2 - 28}' y='{TOP - 58}' width='56' height='34' rx='4' fill='#d1d5db' "
        "stroke='#6b7280'/>",
        _text((PICO_LEFT + PICO_RIGHT) / 2, TOP - 36, "USB", 12, "middle", "#374151"),
    ]
    for place, what in enumerate(CONNECTOR, 1):
        left = place <= PINS // 2
        y = TOP + PITCH * (place - 1 if left else PINS - place)
        x = PICO_LEFT if left else PICO_RIGHT
        used = isinstance(what, int)
        name = f"GP{what}" if used else str(what)
        svg.append(f"<circle cx='{x}' cy='{y:g}' r='5' fill='{'#facc15' if used else '#9ca3af'}' stroke='#111'/>")
        side = 1 if left else -1
        anchor = "start" if left else "end"
        svg.append(_text(x + side * 12, y + 5, name, 13, anchor, "#111" if used else "#6b7280", used))
        svg.append(_text(x + side * 66, y + 4, str(place), 10, anchor, "#6b7280"))
    return svg


def picture() -> str:
    """The wiring as SVG."""
    height = max(
        sum(map(_height, side)) + GAP * (len(side) - 1) for side in (LEFT, RIGHT)
    )
    height = max(height, PITCH * (PINS // 2 - 1) + 80)
    total = TOP + height + 20
    left, right = _Side(LEFT, True, height), _Side(RIGHT, False, height)
    body = [
        f"<rect width='{WIDTH}' height='{total:g}' fill='#fafaf9'/>",
        _text(WIDTH / 2, 40, "KVO bench: a Raspberry Pi Pico or Pico W and its parts", 22, "middle", bold=True),
        _text(WIDTH / 2, 64, _SUBTITLE, 14, "middle", "#444"),
        *left.wires(), *right.wires(), *left.svg, *right.svg, *_pico(),
    ]  # fmt: skip
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {total:g}' width='{WIDTH}' height='{total:g}' "
        f"{_FONT}>\n" + "\n".join(body) + "\n</svg>\n"
    )


def _page(text: str) -> str:
    """The page with its table made anew; ValueError where it has no place for one."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"docs/{PAGE} has no place for the pin table: write the two lines {BEGIN!r} and {END!r}")
    return before + begin + "\n" + pin_table() + "\n" + end + after


def wanted(docs: Path = DOCS) -> dict[Path, str]:
    """What each file is to hold."""
    page = docs / PAGE
    return {
        docs / PICTURE: picture(),
        docs / WOKWI: json.dumps(diagram(), indent=2, ensure_ascii=False) + "\n",
        page: _page(page.read_text(encoding="utf-8")),
    }


def stale(docs: Path = DOCS) -> list[Path]:
    """Files that hold something else."""
    return [
        path
        for path, text in wanted(docs).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write the files, or with --check say which are stale."""
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 0 if arguments in (["--help"], ["-h"]) else 2
    if arguments:
        old = stale()
        for path in old:
            print(f"{path} is not what hal/pico/pins.py says; run `python -m tools.bench_drawing` and commit it")
        return 1 if old else 0
    for path, text in wanted().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
