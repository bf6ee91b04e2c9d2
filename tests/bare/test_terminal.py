"""The real program on a real terminal (a pty), on both interpreters: drawn, typed at, left as it was found."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

import pyte
import pytest

from simulator.homes.micropython import ROOT, interpreter

HEAP = "384k"
PATIENCE_S = 60
COMMANDS = {
    "cpython": lambda: [sys.executable, "-m", "firmware"],
    "micropython": lambda: [*interpreter(), "-X", f"heapsize={HEAP}", "-m", "firmware"],
}
HOMES = pytest.mark.parametrize("home", COMMANDS)


def _hears_ctrl_c():
    """Tests that a script runs in the background inherit a deaf ear, and would hand it on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A program on a pty of 80 × 24, and what its screen shows."""

    def __init__(self, home, *arguments):
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = b""
        self.fd, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self._slave = slave
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [*COMMANDS[home](), *arguments], cwd=ROOT, env=environment, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=_hears_ctrl_c,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._slave)
        os.close(self.fd)

    @property
    def text(self):
        return "\n".join(self.screen.display)

    def read(self):
        """Take what waits, up to a moment's worth."""
        if select.select([self.fd], [], [], 0.05)[0]:
            came = os.read(self.fd, 4096)
            self.sent += came
            self._stream.feed(came)

    def until(self, words):
        """Read until the screen shows `words`."""
        end = time.monotonic() + PATIENCE_S
        while words not in self.text:
            assert time.monotonic() < end and self.process.poll() is None, self.text
            self.read()

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def ends(self):
        """Wait for the end; the exit code."""
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text
            self.read()
        return self.process.returncode

    def modes(self):
        return termios.tcgetattr(self._slave)


@HOMES
def test_a_person_programmes_starts_and_quits(home):
    with Terminal(home, "--speed", "10") as terminal:
        terminal.until(">standby")
        terminal.type("n")
        terminal.until(">programming")
        terminal.type("c")
        terminal.until("confirmed: prime, or start")
        terminal.type("g")
        terminal.until("6.562 mL/h")
        terminal.type("s")
        terminal.until(">paused")
        assert terminal.modes() != terminal.before
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.modes() == terminal.before
        terminal.read()
        assert not terminal.screen.cursor.hidden


@HOMES
def test_ctrl_c_leaves_the_terminal_as_it_was(home):
    with Terminal(home, "--demo", "--speed", "60") as terminal:
        terminal.until(">infusing")
        terminal.process.send_signal(signal.SIGINT)
        # In the midst of a collection MicroPython's heap stays locked: it then ends by its own exception.
        assert terminal.ends() in ((130,) if home == "cpython" else (130, 1))
        assert terminal.modes() == terminal.before
        terminal.read()
        assert not terminal.screen.cursor.hidden


def test_arrows_and_garbage_are_no_keys():
    with Terminal("cpython", "--speed", "10") as terminal:
        terminal.until(">standby")
        terminal.type("\x1b[C\x1b[D\x1bOB\x1b[1;5C\x00\x7f\u00e9\x1b[15~")
        terminal.until("There is no such key")
        assert "counter" not in terminal.text.split("PERSON")[0] and "demo  " not in terminal.screen.display[0]
        terminal.type("q")
        assert terminal.ends() == 0


def test_without_colours_the_panel_says_the_same():
    with Terminal("cpython", "--plain", "--demo", "--speed", "60") as terminal:
        terminal.until("(C) LOW     network lost")
        terminal.until(">offline")
        terminal.type("q")
        assert terminal.ends() == 0
        drawing = terminal.sent.split(b"\x1b[2J", 1)[1].rsplit(b"\x1b[0m", 1)[0]
        assert b"m" not in {piece[-1:] for piece in _sequences(drawing)}


def _sequences(data):
    """The escape sequences of a stream, each up to its final byte."""
    for piece in data.split(b"\x1b[")[1:]:
        end = next(place for place, byte in enumerate(piece) if 64 <= byte < 127)
        yield piece[: end + 1]


def test_a_watcher_who_stops_reading_stops_nothing():
    with Terminal("cpython", "--demo", "--speed", "60", "--seconds", "600") as terminal:
        terminal.until(">infusing")
        # The pty's buffer fills and stays full; the pump goes on to its end of time all the same.
        deadline = time.monotonic() + PATIENCE_S
        while terminal.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert terminal.process.returncode == 0
