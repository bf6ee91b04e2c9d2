"""The drive under MicroPython's unix port, on stand-ins for the chip: no object in a turn; store and counter."""

from pathlib import Path

import pytest

from simulator.homes import HomeError
from simulator.homes.micropython import ROOT, interpreter, run_script

SCRIPT = Path(__file__).with_name("on_micropython") / "drive.py"


def test_a_turn_makes_no_object_and_the_store_keeps():
    try:
        interpreter()
    except HomeError as absent:
        pytest.skip(str(absent))
    assert run_script(SCRIPT, str(ROOT)).split() == ["True", "0"]
