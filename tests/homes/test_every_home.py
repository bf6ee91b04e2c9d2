"""What holds for each home that is a child process, with the real interpreter: one trace, and nothing left behind."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.files.programme import load_programme
from simulator.homes import HomeError, micropython, mpy, webassembly
from simulator.homes.rom import NAME, rom_image
from simulator.homes.webassembly import DEVICE, WebAssemblyHome
from simulator.world import World
from tests.homes.processes import children


@pytest.fixture(params=["micropython", "webassembly"])
def home(request: pytest.FixtureRequest) -> str:
    """The home's name; skips where it cannot be had."""
    try:
        if request.param == "micropython":
            micropython.interpreter()
        else:
            webassembly.command("x")
            mpy.compiler()
    except HomeError as absent:
        pytest.skip(str(absent))
    name: str = request.param
    return name


@pytest.mark.parametrize("near_wrap", [False, True])
def test_traces_are_equal_across_the_wrap(programme: Any, home: str, near_wrap: bool) -> None:
    digests = []
    for one in ("cpython", home):
        with World(programme, seed=5, home=one, near_wrap=near_wrap) as world:
            world.run(90_000)
            digests.append(world.trace.digest())
    assert digests[0] == digests[1]


def test_the_pump_boots_again_after_a_reset(programme: Any, home: str) -> None:
    digests = []
    for one in ("cpython", home):
        with World(programme, seed=2, home=one) as world:
            world.run(20_000)
            world.power_cut(500)
            world.run(30_000)
            digests.append(world.trace.digest())
    assert digests[0] == digests[1]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_no_child_outlives_its_home(programme: Any, home: str) -> None:
    before = children()
    with World(programme, home=home) as world:
        world.run(2_000)
        assert len(children()) == len(before) + 1
    assert children() == before
    world = World(programme, home=home)
    del world
    gc.collect()
    assert children() == before


def test_a_programme_that_this_home_cannot_play_is_refused_and_leaves_nothing_behind(
    programme: Any, home: str, tmp_path: Path
) -> None:
    text = Path(programme.path).read_text(encoding="utf-8")
    path = tmp_path / "own.yaml"
    path.write_text(text + "faults: [{at: 1 min, fault: dosing_freezes}]\n", encoding="utf-8")
    before = set(children())
    with pytest.raises(HomeError, match="use home cpython"):
        World(load_programme(path), home=home)
    assert set(children()) == before


def test_the_trace_is_the_same_where_the_bytecode_runs_from_rom(programme: Any) -> None:
    try:
        webassembly.command("x")
        files = webassembly.bundle({NAME: rom_image(mpy.compile_all(mpy.sources_of(*DEVICE)))})
    except HomeError as absent:
        pytest.skip(str(absent))
    digests = []
    for one in ("cpython", WebAssemblyHome(files)):
        with World(programme, seed=5, home=one) as world:
            world.run(90_000)
            digests.append(world.trace.digest())
    assert digests[0] == digests[1]
