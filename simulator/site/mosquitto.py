"""A Mosquitto of one's own, on loopback, by a site's configuration: for tests, wards and a first try."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from simulator.site.broker import config
from simulator.site.files import Site, SiteError

_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
_PATIENCE_S = 20


def mosquitto_command() -> str:
    """Where Mosquitto is; SiteError where it is not."""
    found = shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", ""), *_PLACES)))
    if found is None:
        raise SiteError("Mosquitto is not installed; 'make deps' installs it, or 'apt-get install mosquitto'")
    return found


def free_port() -> int:
    """A port of the loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether nobody listens on that port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Mosquitto:
    """Runs while it is entered. `kill` and `start` are what a broker's restart is to others."""

    name = "Mosquitto"

    def __init__(self, site: Site, port: int | None = None, retained: bool = False) -> None:
        """`port`: a free one where it is None. SiteError where Mosquitto is not installed."""
        self.command = self._command()
        self.site = site
        self.port = port if port is not None else free_port()
        self._retained = retained
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="kvo-mosquitto-")
        self._log = Path(self._folder.name) / "log"

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, one: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End it, and leave nothing behind."""
        self.stop()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        """The process that runs; SiteError where none does."""
        if self._process is None:
            raise SiteError(f"{self.name} does not run")
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it listens; SiteError with its own words where it ends instead."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command, *self._arguments()], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.kill()
        raise SiteError(f"{self.name} does not start: {self.log()[-1000:].strip()}")

    def _command(self) -> list[str]:
        return [mosquitto_command()]

    def _arguments(self) -> list[str]:
        path = Path(self._folder.name) / "mosquitto.conf"
        path.write_text(config(self.site, self.port, retained=self._retained), encoding="utf-8")
        return ["-c", str(path)]

    def reload(self) -> None:
        """Have it read its certificates, revocations and access list again."""
        os.kill(self.pid, signal.SIGHUP)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def log(self) -> str:
        """What it said."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
