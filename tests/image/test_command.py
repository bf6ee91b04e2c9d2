"""`kvo build` and `kvo bench device` as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.homes import mpy, webassembly
from simulator.homes.base import HomeError
from tests.command import kvo
from tools import bench_device, weigh
from tools.claims.reproducible import SMALLEST, tree
from tools.image import image


@pytest.fixture
def smallest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lets `--board bare` be the smallest board, in a tree of its own."""
    root = tree(tmp_path / "tree")
    make = image.make_image
    monkeypatch.setattr(image, "make_image", lambda target, board: make(target, board, root, {"bare": SMALLEST}))
    return root


def test_it_says_what_it_made_and_where(smallest: Path, tmp_path: Path) -> None:
    out, figures = tmp_path / "image", tmp_path / "sizes.json"
    done = kvo("build", "pico-w", "--board", "bare", "--out", out, "--json", figures)
    assert done.exit_code == 0, done.stderr
    files = [path for path in out.rglob("*") if path.is_file()]
    assert done.stdout.splitlines()[-1] == f"image: {out}, {len(files) - 1} files and manifest.json"
    said = json.loads(figures.read_text())
    assert said["rooms"]["firmware/therapy"]["files"] > 30
    assert sum(room["bytes"] for room in said["rooms"].values()) == sum(
        path.stat().st_size for path in files if path.name != "manifest.json"
    )
    for room in said["rooms"]:
        assert room in done.stdout
    assert 0 < said["flash"]["needed"] < said["flash"]["room"] < 848 * 1024
    assert 0 < said["heap"]["estimate"] < said["heap"]["room"] < 200 * 1024


def test_what_does_not_fit_is_one_line_and_nothing_is_written(smallest: Path, tmp_path: Path) -> None:
    board = smallest / "hal" / SMALLEST / "board.py"
    board.write_text(board.read_text() + f"\nTABLE = {bytes(range(256)) * 500!r}\n")
    done = kvo("build", "pico", "--board", "bare", "--out", tmp_path / "image")
    assert done.exit_code == 2
    assert "choose a larger board" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "image").exists()
    assert kvo("build", "pico2", "--board", "bare", "--out", tmp_path / "image").exit_code == 0


def test_a_board_that_is_not_there_and_a_folder_that_is_taken_are_one_line(smallest: Path, tmp_path: Path) -> None:
    (smallest / "hal" / SMALLEST / "board.py").unlink()
    done = kvo("build", "pico", "--board", "bare", "--out", tmp_path / "image")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert f"there is no board 'bare' in this tree: hal/{SMALLEST}/board.py is missing" in done.stderr


def test_the_bench_prints_each_home_and_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing() -> Any:
        raise HomeError("home webassembly: no Node; run this")

    found = {"words": 64, "ticks": 9, "loop_us": 20, "worst_us": 50, "worst_late_us": 70, "mean_us": 10.0}
    live = {"live_therapy": 1000, "live_all": 2000, "free": 3000}
    homes = {"cpython": lambda: found, "micropython": lambda: {**found, **live}, "webassembly": missing}
    monkeypatch.setattr(weigh, "HOMES", homes)
    done = kvo("bench", "device", "--json", tmp_path / "device.json")
    assert done.exit_code == 0
    assert "home webassembly: left out: no Node; run this" in done.stderr
    said = json.loads((tmp_path / "device.json").read_text())
    assert [one["home"] for one in said["homes"]] == ["cpython", "micropython"]
    assert said["homes"][1] == {
        "home": "micropython", "words": 64, "heap": "384k", **live, "live_keys": None, "ticks": 9, "loop_us": 20,
        "worst_tick": 2.5, "worst_late_tick": 3.5, "mean_tick": 0.5,
    }  # fmt: skip
    assert said["loop"] == bench_device.LOOP
    assert said["resident_mpy"]["firmware/therapy"] > 30_000


def test_the_measurement_is_real_on_this_interpreter() -> None:
    found = weigh.on_cpython()
    assert found["ticks"] > 4_000 and found["worst_late_us"] > 0 and found["loop_us"] > 0


def test_the_measurement_is_real_on_32_bits_and_from_rom() -> None:
    try:
        webassembly.command("tools.device.measure")
        mpy.compiler()
    except HomeError as absent:
        pytest.skip(str(absent))
    sources = weigh.resident_sources()
    found, rom = (weigh.on_webassembly(sources, rom=rom) for rom in (False, True))
    assert found["words"] == rom["words"] == 32
    assert found["ticks"] == rom["ticks"] > 4_000 and rom["worst_late_us"] > 0
    assert rom["live_keys"] < 0.7 * found["live_keys"]


def test_a_rom_image_is_one_file_the_same_each_time_and_found_before_all_else(tmp_path: Path) -> None:
    out, again = tmp_path / "image", tmp_path / "again"
    done = kvo("build", "pico-w", "--rom", "--out", out, "--json", tmp_path / "sizes.json")
    assert done.exit_code == 0, done.stderr
    said = json.loads((tmp_path / "sizes.json").read_text())
    rom = (out / "rom.img").read_bytes()
    assert sorted(path.name for path in out.iterdir()) == ["main.py", "manifest.json", "rom.img"]
    assert 0 <= said["rom"]["partition"] - len(rom) < 4096
    assert said["rooms"]["firmware/therapy"]["files"] > 30
    assert said["heap_with_keys"]["estimate"] < said["heap_with_keys"]["room"], "a Pico W with keys"
    assert kvo("build", "pico-w", "--rom", "--out", again).exit_code == 0
    assert (again / "rom.img").read_bytes() == rom
    lines = (out / "main.py").read_text().splitlines()
    assert lines.index('sys.path[:] = ["/rom"]') < lines.index("from firmware.main import run")


def test_a_rom_that_leaves_no_file_system_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tools.image.fit.SPARE_BYTES", 700 * 1024)
    done = kvo("build", "pico-w", "--rom", "--out", tmp_path / "image")
    assert done.exit_code == 2 and "leaves a Raspberry Pi Pico W no file system; choose a larger board" in done.stderr
