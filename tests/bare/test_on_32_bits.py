"""A person at the bare board's panel on 32-bit MicroPython, from a Pico's own bytecode: read by pyte, every key typed.

What each key is to do is tested on CPython (test_keys.py); here the panel says the same, byte for byte.
"""

import hashlib

import pyte
import pytest

from firmware.therapy import tables as t
from hal.bare.keys import KEYS
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC
from simulator.homes import HomeError, mpy, webassembly
from tools.claims import bare


@pytest.fixture(autouse=True, scope="module")
def port():
    """Skips where the port cannot be had."""
    try:
        webassembly.command("x")
        mpy.compiler()
    except HomeError as absent:
        pytest.skip(str(absent))


# Second and key, so that each finds the pump in a state where it does something.
TYPED = (
    (2, "i"), (4, "x"), (6, "n"), (8, "c"), (10, "v"), (16, "g"), (30, "+"), (32, "c"), (36, "-"), (38, "c"),
    (40, "p"), (42, "g"), (50, "b"), (52, "u"), (54, "l"), (70, "h"), (72, "l"), (76, "h"), (78, "a"), (80, "H"),
    (84, "w"), (88, "f"), (90, "m"), (94, "f"), (96, "w"), (100, "d"), (104, "d"), (106, "a"), (108, "g"), (112, "t"),
    (116, "t"), (118, "a"), (120, "g"), (124, "F"), (140, "F"), (142, "a"), (144, "g"), (150, "o"), (420, "o"),
    (422, "a"), (424, "g"), (430, "O"), (640, "O"), (642, "a"), (644, "g"), (650, "y"), (740, "y"), (742, "a"),
    (744, "g"), (750, "j"), (820, "j"), (822, "a"), (824, "g"), (830, "W"), (836, "R"), (850, "G"), (870, "P"),
    (900, "1"), (902, "2"), (904, "3"), (906, "L"), (910, "e"), (912, "e"), (920, "C"), (940, "k"), (942, "B"),
    (950, "+"), (952, "c"), (956, "k"), (960, "s"), (962, " "), (964, "z"), (966, "N"), (970, "k"), (972, "M"),
    (980, "M"), (984, "D"), (1000, "D"), (1010, "q"),
)  # fmt: skip
LINE = ",".join(f"{second}:{ord(key)}" for second, key in TYPED)


def test_every_key_is_typed():
    assert {key for _, key in TYPED} == {row[0].decode() for row in KEYS}


@pytest.mark.parametrize("head", [HEAD_SYRINGE, HEAD_VOLUMETRIC])
def test_a_quarter_of_an_hour_of_the_demo_is_cpython_s(head):
    found, panel = bare.on_32_bits(1000, head)
    assert found == bare.in_cpython(1000, head) and len(panel) == found["panel_bytes"]


@pytest.mark.parametrize("head", [HEAD_SYRINGE, HEAD_VOLUMETRIC])
def test_every_key_is_answered_as_on_cpython(head):
    ours = bare.in_cpython(2000, head, typed=LINE)
    theirs, panel = bare.on_32_bits(2000, head, typed=LINE)
    assert ours == theirs
    assert ours["seconds"] < 1200, "q ended it"
    assert hashlib.sha256(panel).hexdigest() == ours["panel_sha256"]
    assert ours["boots"] == 6 and ours["trust"] >> t.TR_ISOLATED & 1 and ours["delivery"] >> t.ST_MAINTENANCE & 1


def shown(typed, seconds):
    """The screen that 32-bit MicroPython leaves after so many seconds."""
    screen = pyte.Screen(80, 24)
    panel = bare.on_32_bits(seconds, HEAD_VOLUMETRIC, typed=",".join(f"{s}:{ord(key)}" for s, key in typed))[1]
    pyte.ByteStream(screen).feed(panel)
    return "\n".join(screen.display)


def test_its_panel_is_read_by_a_terminal():
    assert ">infusing" in (text := shown(((2, "n"), (4, "c"), (6, "g")), 30)) and "6.562 mL/h" in text
    assert ">paused" in shown(((2, "n"), (4, "c"), (6, "g"), (20, "s")), 24)
    assert "door open" in (text := shown(((2, "n"), (4, "c"), (6, "g"), (20, "d")), 24)) and "HIGH" in text
    assert "There is no such key" in shown(((2, "?"),), 4)
    assert ">maintenance" in shown(((2, "k"), (4, "M")), 8)
