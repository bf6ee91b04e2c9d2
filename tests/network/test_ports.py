"""Nothing listens but what docs/network.md names: seen in the kernel's own tables, for a broker and a pump that run."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator.homes import HomeError
from simulator.homes.micropython import ROOT, interpreter
from simulator.site.files import Site
from simulator.site.mosquitto import Mosquitto
from tests.network.test_two_processes import HEAP, PROGRAM
from tools import network_doc
from tools.claims.setups import open_library

_LISTEN = "0A"
_ESTABLISHED = "01"
_LOOPBACK = "0100007F"

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="there is no /proc/net/tcp here; use Linux")


def sockets(state: str) -> dict[str, str]:
    """Local address (hex) by inode, of TCP sockets in a state and, for those that listen, of every UDP socket."""
    found = {}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        path = Path("/proc/net") / table
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            parts = line.split()
            if parts[3] == state or (table.startswith("udp") and state == _LISTEN):
                found[parts[9]] = f"{table} {parts[1]}"
    return found


def family(pid: int) -> list[int]:
    """A process and its children, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def of(pid: int, state: str) -> set[str]:
    """What the process and its children have in that state."""
    known = sockets(state)
    found = set()
    for one in family(pid):
        for entry in Path(f"/proc/{one}/fd").iterdir():
            try:
                name = str(entry.readlink())
            except OSError:
                continue
            if name.startswith("socket:["):
                found.add(known.get(name[8:-1], ""))
    return found - {""}


def test_the_scan_sees_a_socket_that_listens() -> None:
    program = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); "
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        port = int(process.stdout.readline())
        found = of(process.pid, _LISTEN)
        process.stdin.close()
        process.wait(20)
    assert found == {f"tcp {_LOOPBACK}:{port:04X}"}


def test_nothing_listens_but_the_broker_on_the_loopback(site: Site, broker: Mosquitto, tmp_path: Path) -> None:
    try:
        command = [*interpreter(), "-X", HEAP, str(PROGRAM), str(ROOT)]
    except HomeError as absent:
        pytest.skip(str(absent))
    pump = site.pumps()[0]
    library = tmp_path / "library.bin"
    library.write_bytes(open_library())
    folder = site.pump(pump)
    with subprocess.Popen(
        [*command, str(folder / "record.cbor"), str(library), str(folder), str(broker.port), "60000", "10"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            end = time.monotonic() + 60
            while "connected from 127.0.0.1" not in broker.log() or pump not in broker.log():
                assert process.poll() is None and time.monotonic() < end, broker.log()
                time.sleep(0.05)
            connected = of(process.pid, _ESTABLISHED)
            listening = of(process.pid, _LISTEN)
        finally:
            process.kill()
    assert len(connected) == 1  # it was a pump with a connection that was looked at
    assert listening == set()
    assert of(broker.pid, _LISTEN) == {f"tcp {_LOOPBACK}:{broker.port:04X}"}


def test_the_page_is_the_codes() -> None:
    assert network_doc.check(ROOT / "docs"), "run: python -m tools.network_doc"
