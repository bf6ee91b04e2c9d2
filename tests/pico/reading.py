"""Reads a display's dots back as letters, by the font that the stub draws with."""

from __future__ import annotations

from hal.stubs.devices.ssd1306 import Ssd1306
from hal.stubs.framebuf import glyph, letters


def _letter(dots: tuple[int, ...]) -> str:
    for letter in letters():
        if tuple(glyph(letter)) == dots:
            return letter
    return "¿"


def line(display: Ssd1306, page: int, scale: int = 1) -> str:
    """The letters on a page, of `scale` times the size; '¿' for what is no letter."""
    text = ""
    for x in range(0, 128, 8 * scale):
        dots = []
        for column in range(8):
            bits = 0
            for row in range(8):
                square = {
                    display.pixel(x + column * scale + i, page * 8 + row * scale + j)
                    for i in range(scale)
                    for j in range(scale)
                }
                bits |= (1 if square == {1} else 0) << row
            dots.append(bits)
        text += _letter(tuple(dots))
    return text.rstrip()


def screen(display: Ssd1306) -> list[str]:
    """Large 0, small 2, large 3, small 5, 6, 7."""
    return [
        line(display, 0, 2), line(display, 2), line(display, 3, 2), line(display, 5), line(display, 6),
        line(display, 7),
    ]  # fmt: skip
