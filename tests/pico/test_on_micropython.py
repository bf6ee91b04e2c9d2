"""The drivers that run in the main loop do on MicroPython what they do on CPython, to the letter."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.homes import HomeError
from simulator.homes import micropython as home

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "device" / "pico_idle.py"


def test_both_interpreters_draw_convert_and_take_keys_alike():
    try:
        home.interpreter()
    except HomeError as absent:
        pytest.skip(str(absent))
    there = json.loads(home.run_to_line(SCRIPT, str(ROOT), heap="600k"))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(ROOT)], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    here = json.loads(done.stdout)
    assert there == here
    assert here["texts"] > 300
    assert here["dates"] > 100
    assert len(here["events"]) > 10
    assert here["card"][0] > 100
    assert here["card"][1:] == [False, -1]
    assert here["records"] == [True, False, False, False, False, False]
