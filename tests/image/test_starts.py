"""Images start from their own files: each main.py under MicroPython, where nothing but the image can be imported."""

from __future__ import annotations

import functools
import os
import pty
import subprocess
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.files.programme import find_programme, load_programme
from simulator.homes import STREAM, HomeError
from simulator.homes.micropython import HEAP, interpreter
from simulator.world import World
from tests.command import kvo
from tools.image.folder import write_image
from tools.image.image import Image, ImageProblem, make_image
from tools.image.targets import STARTS, Start


@functools.cache
def made(board: str) -> Image:
    return make_image("pico", board)


def image_in(folder: Path, board: str) -> Path:
    try:
        interpreter()
        write_image(made(board), folder)
    except HomeError as absent:
        pytest.skip(str(absent))
    return folder


@pytest.fixture
def lockstep(tmp_path: Path) -> Iterator[Any]:
    """The image that serves the link, started on a serial port: its path, and the process."""
    folder = image_in(tmp_path / "image", "lockstep")
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    process = subprocess.Popen(
        [*interpreter(), "-X", f"heapsize={HEAP}", "main.py"], cwd=folder, stdin=ours, stdout=ours,
        stderr=subprocess.DEVNULL, env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )  # fmt: skip
    yield os.ttyname(theirs), process
    process.kill()
    process.wait()
    os.close(theirs)
    os.close(ours)


def test_the_image_that_serves_the_link_runs_a_programme_as_cpython_does(lockstep: Any) -> None:
    path, process = lockstep
    programme = load_programme(find_programme("morphine-pca"))
    digests = []
    for home in ("cpython", STREAM + path):
        with World(programme, seed=3, home=home) as world:
            world.run(120_000)
            digests.append(world.trace.digest())
    assert digests[0] == digests[1]
    assert process.poll() is None, "it waits for the next host"


def test_the_bare_image_draws_what_happens(tmp_path: Path) -> None:
    folder = image_in(tmp_path / "image", "bare")
    done = subprocess.run(
        [*interpreter(), "-X", f"heapsize={HEAP}", "main.py"], cwd=folder, stdin=subprocess.DEVNULL, timeout=300,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"power on" in done.stdout and b"standby" in done.stdout


def test_a_main_that_imports_what_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STARTS, "bare", Start("from hal.bare.board import make_board\n\nmake_board()\n"))
    with pytest.raises(ImageProblem, match=r"make_board, which is not in hal\.bare\.board: it would start nothing"):
        make_image("pico", "bare")


def test_only_the_image_that_is_no_pump_has_a_stand_in() -> None:
    for board in ("parts", "bare"):
        assert not [path for path in made(board).files if path.startswith("simulator")]
    assert "simulator/standins/gatekeeper.mpy" in made("lockstep").files


def test_the_command_makes_it(tmp_path: Path) -> None:
    done = kvo("build", "pico", "--board", "lockstep", "--out", tmp_path / "image")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "image" / "simulator" / "homes" / "device_usb.mpy").exists()
