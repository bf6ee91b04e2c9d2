"""Pictures of the bare board's panel for docs/bare.md: `python -m tools.bare_pictures [FOLDER]`.

The demo is played into a terminal emulator (pyte) up to a second, and what stands there is written as SVG
(rich). Needs the extra `dev`.
"""

from __future__ import annotations

import io
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import pyte
from rich.console import Console
from rich.text import Text

from firmware.main import run
from hal.bare.desk import make_desk
from hal.bare.pacer import BarePacer
from hal.bare.panel import Panel
from hal.bare.screen import Screen
from hal.ports import HEAD_VOLUMETRIC

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"
# The second of the demo, by the picture's name.
MOMENTS = {"bare-hostile": 724, "bare-isolated": 1541, "bare-occlusion": 1962}
COLUMNS, ROWS = 80, 24

# As rich's own, but without a font from the network.
_FORMAT = """<svg class="rich-terminal" viewBox="0 32 {width} 600" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
    font-family: monospace; font-size: {char_height}px; line-height: {line_height}px;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
<rect fill="#0c0c0c" x="0" y="32" width="{width}" height="600" rx="8"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def screen_at(second: int) -> pyte.Screen:
    """The terminal as the demo leaves it at `second`."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)

    def put(buffer: memoryview, count: int) -> int:
        stream.feed(bytes(buffer))
        return count

    desk = make_desk(HEAD_VOLUMETRIC)
    desk.speed = 0
    desk.board.pacer = BarePacer(desk, Panel(desk, Screen(put)), None, second)
    desk.play()
    run(desk.board)
    while desk.after_run():
        run(desk.board)
    return screen


def _colour(name: str, fallback: str) -> str:
    if name == "default":
        return fallback
    name = {"brown": "yellow", "brightwhite": "#ffffff", "black": "#0c0c0c"}.get(name, name)
    if name[0] == "#":
        return name
    return f"#{name}" if len(name) == 6 and all(digit in "0123456789abcdef" for digit in name) else name


def _style(cell: Any) -> str:
    front, back = _colour(cell.fg, "#d8d8d8"), _colour(cell.bg, "")
    if cell.reverse:
        front, back = "#0c0c0c", front
    return f"{'bold ' if cell.bold else ''}{front}" + (f" on {back}" if back else "")


def text_of(screen: pyte.Screen) -> Text:
    """What the terminal shows, with its colours."""
    text = Text()
    for row in range(ROWS):
        cells = [screen.buffer[row][column] for column in range(COLUMNS)]
        for style, run_of in groupby(cells, _style):
            text.append("".join(cell.data for cell in run_of), style)
        text.append("\n")
    return text


def picture(second: int, name: str) -> str:
    """The demo's panel at `second`, as SVG."""
    console = Console(width=COLUMNS, height=ROWS, record=True, file=io.StringIO(), force_terminal=True)
    console.print(text_of(screen_at(second)), end="")
    return console.export_svg(title=name, code_format=_FORMAT, unique_id=name)


def main() -> int:
    """Write every picture."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, second in MOMENTS.items():
        (folder / f"{name}.svg").write_text(picture(second, name), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
