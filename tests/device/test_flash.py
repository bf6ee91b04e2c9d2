"""`kvo flash` against MicroPython's own prompt on a serial port, with a littlefs of limited size behind it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.homes.base import HomeError
from simulator.homes.micropython import ROOT, interpreter
from tests.command import kvo
from tools import flash as flashing
from tools.flash import FlashProblem

from .images import MAIN, MAIN_PY, make_image

pytest.importorskip("mpremote", reason="mpremote: pip install 'kvo[device]'")

# As a board after its boot: the littlefs is the current folder, and machine.reset() ends the interpreter.
BOARD = """\
import os, sys, vfs

class Ram:
    def __init__(self, blocks):
        self.data = bytearray(blocks * 512)
    def readblocks(self, block, into, offset=0):
        place = block * 512 + offset
        into[:] = self.data[place : place + len(into)]
    def writeblocks(self, block, data, offset=None):
        place = block * 512 + (offset or 0)
        self.data[place : place + len(data)] = data
    def ioctl(self, op, arg):
        return {4: len(self.data) // 512, 5: 512, 6: 0}.get(op)

ram = Ram(BLOCKS)
vfs.VfsLfs2.mkfs(ram)
vfs.mount(vfs.VfsLfs2(ram), "/flash")
os.chdir("/flash")

class Machine:
    @staticmethod
    def reset():
        print("RESET")
        raise SystemExit

sys.modules["machine"] = Machine
"""

class Board:
    """MicroPython at its prompt behind `path`, a serial port."""

    def __init__(self, script: Path) -> None:
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        self.process = subprocess.Popen(
            [*interpreter(), "-i", str(script), str(ROOT)],
            stdin=self._ours, stdout=self._ours, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        time.sleep(0.2)

    def run(self, code: str) -> str:
        """What `code` prints there."""
        with flashing._board(self.path) as board:
            return str(board.exec(code).decode())

    def put(self, path: str, data: str) -> None:
        """Write a file there."""
        self.run(f"f = open({path!r}, 'w')\nf.write({data!r})\nf.close()")

    def unplug(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.unplug()
        os.close(self._theirs)
        os.close(self._ours)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Any]:
    """Starts boards and ends them."""
    made: list[Board] = []

    def start(blocks: int = 256, script: Path | None = None) -> Board:
        own = tmp_path / "board.py"
        own.write_text(BOARD.replace("BLOCKS", str(blocks)))
        try:
            made.append(Board(script or own))
        except HomeError as absent:
            pytest.skip(str(absent))
        return made[-1]

    yield start
    for one in made:
        one.close()


DEVICE_USB = ROOT / "simulator" / "homes" / "device_usb.py"
LIST = flashing._WALK + "walk('.')"


def files_on(board: Board) -> set[str]:
    return {name.strip("'").removeprefix("./") for name in board.run(LIST).split(",") if name}


def flash_without_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that one can look at the board afterwards: its files are gone with the interpreter."""
    monkeypatch.setattr(flashing, "_reset", lambda board: None)


def test_an_image_is_copied_verified_and_the_board_reset(board: Any, tmp_path: Path) -> None:
    device = board()
    done = kvo("flash", make_image(tmp_path / "image"), "--port", device.path)
    assert done.exit_code == 0, done.output
    assert "4 files written and verified, 0 were there, 0 removed; the board is reset" in done.output
    assert "open it with a terminal: the panel is there" in done.output
    assert device.process.wait(10) == 0, "machine.reset() was called"


def test_what_is_there_stays_and_what_shadows_it_goes(
    board: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flash_without_reset(monkeypatch)
    device = board()
    image = flashing.read_image(make_image(tmp_path / "image"))
    flashing.flash(image, device.path)
    for path, text in (("firmware/app.py", "evil"), ("hal/old.mpy", "x"), ("mine.txt", "x"), ("firmware/app.mpy", "x")):
        device.put(path, text)
    done = flashing.flash(image, device.path)
    assert (done.written, done.kept, done.removed) == (3, 1, 2)  # app.mpy, manifest and main.py are written again
    assert files_on(device) == {*image.files, "manifest.json", "mine.txt"}
    for path, data in image.files.items():
        assert device.run(f"print(open({path!r}, 'rb').read(), end='')") == repr(data)


def test_a_board_unplugged_half_way_starts_nothing_and_is_finished_later(
    board: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flash_without_reset(monkeypatch)
    monkeypatch.setattr(flashing, "_ANSWER_S", 1.0)
    image = flashing.read_image(make_image(tmp_path / "image"))
    device = board()
    flashing.flash(image, device.path)

    class Unplugged(OSError):
        pass

    def stop(done: int, total: int, path: str) -> None:
        if done == 1:
            raise Unplugged("Input/output error")

    device.put("firmware/app.mpy", "old")
    with pytest.raises(FlashProblem, match=r"answers no more .*no main\.py and starts nothing.*run 'kvo flash' again"):
        flashing.flash(image, device.path, stop)
    assert MAIN_PY not in files_on(device)
    flashing.flash(image, device.path)
    assert MAIN_PY in files_on(device)


def test_an_interpreter_that_dies_in_mid_copy_is_named(
    board: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flashing, "_ANSWER_S", 0.5)
    device = board()
    image = flashing.read_image(make_image(tmp_path / "image"))
    with pytest.raises(FlashProblem, match="half written"):
        flashing.flash(image, device.path, lambda done, total, path: device.unplug() if done == 1 else None)


def test_a_full_file_system_is_named_with_what_is_free(board: Any, tmp_path: Path) -> None:
    device = board(blocks=24)
    image = flashing.read_image(make_image(tmp_path / "image", {MAIN_PY: MAIN, "firmware/app.mpy": bytes(30_000)}))
    with pytest.raises(FlashProblem, match=r"firmware/app.mpy: .* is full \([\d,]+ bytes free, 30,000 wanted\).*half"):
        flashing.flash(image, device.path)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"micropython": "1.21"}, r"runs micropython 1\.29.*for MicroPython 1\.21.*nothing was changed.*BOOTSEL"),
        ({"bytecode": 5}, r"bytecode 6; the image is for .* bytecode 5.*nothing was changed"),
    ],
)
def test_another_release_is_refused_and_nothing_changed(
    board: Any, tmp_path: Path, said: dict[str, Any], says: str
) -> None:
    device = board()
    device.put("main.py", "old")
    with pytest.raises(FlashProblem, match=says):
        flashing.flash(flashing.read_image(make_image(tmp_path / "image", **said)), device.path)
    assert files_on(device) == {MAIN_PY}


class Says:
    """Stands where a board's prompt is; answers what `kvo flash` asks of an interpreter."""

    def __init__(self, *said: Any) -> None:
        self._said = repr(said).encode()

    def exec(self, code: str) -> bytes:
        return self._said


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (("circuitpython", (9, 1, 0), 6, "Raspberry Pi Pico with rp2040"), "runs circuitpython 9.1.0"),
        (("micropython", (1, 29, 0), 6, "Raspberry Pi Pico 2 with RP2350"), "the image is for pico; nothing"),
        (("micropython", (1, 29, 0), 6, "Raspberry Pi Pico W with RP2040"), "the image is for pico; nothing"),
    ],
)
def test_another_interpreter_or_board_is_refused(tmp_path: Path, said: Any, says: str) -> None:
    image = flashing.read_image(make_image(tmp_path / "image"))
    with pytest.raises(FlashProblem, match=says):
        flashing._about(Says(*said), image, "/dev/ttyACM0")
    fits = Says("micropython", (1, 29, 1), 6, "Raspberry Pi Pico with RP2040")
    assert flashing._about(fits, image, "/dev/ttyACM0").startswith("micropython 1.29.1 on")


def test_a_port_where_no_prompt_answers_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flashing, "_ANSWER_S", 0.2)
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        from mpremote.transport_serial import SerialTransport

        slow = SerialTransport.read_until
        monkeypatch.setattr(
            SerialTransport, "read_until",
            lambda self, least, ending, timeout=10, data_consumer=None, timeout_overall=None: slow(
                self, least, ending, 0.3, data_consumer, 0.3
            ),
        )  # fmt: skip
        with pytest.raises(FlashProblem, match=r"no MicroPython prompt answers.*nothing was changed.*BOOTSEL"):
            flashing.flash(flashing.read_image(make_image(tmp_path / "image")), os.ttyname(theirs))
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_board_that_serves_the_link_on_its_console_gives_it_back(board: Any) -> None:
    device = board(script=DEVICE_USB)
    assert device.run("print(6 * 7, end='')") == "42"


class Port:
    """A serial port as pySerial lists them."""

    def __init__(self, device: str, vid: int | None = 0x2E8A, pid: int | None = 0x0005) -> None:
        self.device, self.vid, self.pid = device, vid, pid


@pytest.mark.parametrize(
    ("there", "says"),
    [
        ([], "no board with MicroPython is plugged in.*BOOTSEL"),
        ([Port("/dev/ttyS0", None, None), Port("/dev/ttyACM1", 0x2341, 0x0005)], "no board"),
        ([Port("/dev/ttyACM1"), Port("/dev/ttyACM0")], "2 boards: /dev/ttyACM0, /dev/ttyACM1; name one with --port"),
    ],
)
def test_no_board_and_several_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, there: list[Port], says: str
) -> None:
    from serial.tools import list_ports

    monkeypatch.setattr(list_ports, "comports", lambda: there)
    with pytest.raises(FlashProblem, match=says):
        flashing.find_port()
    monkeypatch.setattr(list_ports, "comports", lambda: [Port("/dev/ttyS0", None, None), Port("/dev/ttyACM7")])
    assert flashing.find_port() == "/dev/ttyACM7"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "firmware/app.mpy").write_bytes(b"other"), "not what the manifest says"),
        (lambda folder: (folder / "firmware/app.mpy").unlink(), "No such file"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "no manifest of an image"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "no manifest of an image"),
        (lambda folder: (folder / "manifest.json").unlink(), "No such file.*kvo build"),
        (lambda folder: make_image(folder, format="kvo-image/9"), "format 'kvo-image/9'"),
        (lambda folder: make_image(folder, {"firmware/app.mpy": b""}), "without main.py"),
        (lambda folder: make_image(folder, {MAIN_PY: MAIN, "../evil.py": b""}), "does not belong on a board"),
        (lambda folder: make_image(folder, {MAIN_PY: MAIN, "lib/other.mpy": b""}), "does not belong on a board"),
    ],
)
def test_what_is_no_image_is_refused_before_any_board(tmp_path: Path, spoil: Any, says: str) -> None:
    folder = make_image(tmp_path / "image")
    spoil(folder)
    with pytest.raises(FlashProblem, match=says):
        flashing.read_image(folder)
    done = kvo("flash", folder, "--port", "/dev/ttyNOT")
    assert done.exit_code == 2


class Tells:
    """A board that answers the question for keys so."""

    def __init__(self, answer: bytes | Exception) -> None:
        self._answer = answer

    def exec(self, code: str) -> bytes:
        assert code == flashing._KEYS
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"0 0", "it has no keys yet.*kvo provision install SITE_DIR PUMP --port /dev/x'"),
        (b"0 1", "it has keys, which stay"), (b"5 1", "its store has no place"), (b"", "not to be learnt"),
    ],
)  # fmt: skip
def test_a_pump_without_keys_is_told_how_it_gets_them(tmp_path: Path, answer: bytes, says: str) -> None:
    image = flashing.read_image(make_image(tmp_path / "image", board="parts"))
    assert re.search(says, flashing._hint(Tells(answer), image, "/dev/x"))


def test_a_board_whose_interpreter_has_no_such_flash_is_flashed_all_the_same(board: Any, tmp_path: Path) -> None:
    done = kvo("flash", make_image(tmp_path / "image", board="parts"), "--port", board().path)
    assert done.exit_code == 0 and "whether it has keys was not to be learnt" in done.output
    hil = flashing.read_image(make_image(tmp_path / "hil", board="lockstep"))
    assert "kvo hil PROGRAMME --port /dev/x" in flashing._hint(Tells(b""), hil, "/dev/x")


def test_the_question_for_keys_is_understood_by_a_pico(capsys: pytest.CaptureFixture[str]) -> None:
    from hal import ports
    from hal.stubs import Chip, installed

    chip = Chip()
    for expected in ("0 0", "0 1", "5 1"):
        with installed(chip):
            exec(flashing._KEYS, {})
            assert capsys.readouterr().out == expected
            from hal.pico.flash_store import FlashStore, Region

            if expected == "0 0":
                assert FlashStore(Region()).write(ports.AREA_KEYS_A, 0, b"K") == ports.OK
        if expected == "0 1":
            start = chip.flash.base - 41 * 4096
            chip.flash.data[start : start + 4096] = bytes(4096)
