"""Nothing listens but what docs/network.md names.

Seen from outside the process, in the kernel's own tables: TCP, UDP, raw and Unix sockets of a broker, a pump and a key
service that run, and of a pump that is simulated. And in the sources: nothing else binds a socket at all.
"""

from __future__ import annotations

import ast
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.homes import HomeError
from simulator.homes.micropython import ROOT, interpreter
from simulator.site.files import Site
from simulator.site.mosquitto import Mosquitto
from simulator.site.people import read_people
from tests.network.test_two_processes import HEAP, PROGRAM
from tools import network_doc
from tools.claims.setups import open_library

_LISTEN = "0A"
_ESTABLISHED = "01"
_LOOPBACK = "0100007F"
_ACCEPTS = 0x10000  # __SO_ACCEPTCON in /proc/net/unix
# What binds or listens, by the name that is called.
_LISTENERS = {
    "bind", "listen", "create_server", "create_datagram_endpoint", "create_unix_server", "start_server",
    "start_unix_server", "serve_forever", "HTTPServer", "TCPServer", "UDPServer",
}  # fmt: skip

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="there is no /proc/net/tcp here; use Linux")


def sockets(state: str) -> dict[str, str]:
    """Local address (hex) by inode, of TCP sockets in a state and, for those that listen, of whatever takes packets.

    A UDP or raw socket has no such state: each one counts. A Unix socket listens where its flag says so.
    """
    found = {}
    for table in ("tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6"):
        path = Path("/proc/net") / table
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            parts = line.split()
            if parts[3] == state or (not table.startswith("tcp") and state == _LISTEN):
                found[parts[9]] = f"{table} {parts[1]}"
    if state == _LISTEN:
        for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
            parts = line.split()
            if int(parts[3], 16) & _ACCEPTS:
                found[parts[6]] = f"unix {parts[7] if len(parts) > 7 else ''}"
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


@contextlib.contextmanager
def running(program: str, *arguments: str) -> Iterator[tuple[int, str]]:
    """A Python program that prints a line and then waits for its input to end; its process and the line."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stdin is not None
        try:
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(20)


@pytest.mark.parametrize(
    ("opens", "seen"),
    [
        ("socket.create_server(('127.0.0.1', 0))", "tcp " + _LOOPBACK),
        ("socket.create_server(('::1', 0), family=socket.AF_INET6)", "tcp6 "),
        ("bound(socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', 0))", "udp " + _LOOPBACK),
        ("bound(socket.AF_UNIX, socket.SOCK_STREAM, '\\0kvo-scan-%d' % os.getpid())", "unix @kvo-scan-"),
    ],
)
def test_the_scan_sees_whatever_listens(opens: str, seen: str) -> None:
    if "INET6" in opens and not Path("/proc/net/if_inet6").read_text().strip():
        pytest.skip("this machine has no IPv6 address")
    program = (
        "import os, socket, sys\n"
        "def bound(family, kind, where):\n"
        "    s = socket.socket(family, kind)\n"
        "    s.bind(where)\n"
        "    if kind == socket.SOCK_STREAM: s.listen()\n"
        "    return s\n"
        f"s = {opens}\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    with running(program) as (pid, said):
        found = of(pid, _LISTEN)
    assert said == "ready"
    assert [one.startswith(seen) for one in found] == [True]


def test_a_key_service_that_gives_keys_listens_nowhere(site: Site) -> None:
    program = (
        "import asyncio, pathlib, re, sys\n"
        "from simulator.site.keyservice import KeyService\n"
        "folder, pump, client = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]\n"
        "text = (folder / 'to-hand-over' / '1.txt').read_text()\n"
        "password = re.search(r'Password for terminals: (\\S+)', text)[1]\n"
        "async def main():\n"
        "    service = KeyService(folder)\n"
        "    one = await service.login(sys.argv[4], password, client)\n"
        "    key = service.operator_key(one.token, pump)\n"
        "    print(len(key.key), flush=True)\n"
        "    await asyncio.to_thread(sys.stdin.read)\n"
        "asyncio.run(main())\n"
    )
    name = read_people(site)[0].name
    with running(program, str(site.folder), site.pumps()[0], site.clients()[0], name) as (pid, said):
        assert said == "32"  # it has given a key, and goes on
        assert of(pid, _LISTEN) == set()


def test_a_simulated_pump_with_credentials_listens_nowhere() -> None:
    program = (
        "import sys\n"
        "from simulator.asked import AskedWorld\n"
        "from tools.claims.forgery_scene import in_world\n"
        "pump = in_world('micropython')\n"
        "print(pump.now_s, flush=True); sys.stdin.read(); pump.close()\n"
    )
    try:
        interpreter()
    except HomeError as absent:
        pytest.skip(str(absent))
    with running(program) as (pid, said):
        assert int(said) > 0
        assert len(family(pid)) > 1  # the interpreter is a process of its own
        assert of(pid, _LISTEN) == set()


def test_no_other_source_binds_a_socket() -> None:
    found = set()
    for folder in ("firmware", "hal", "simulator", "scenarios", "tools"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in _LISTENERS and node.args:  # a socket's own; `talk.listen()` is another
                    found.add(path.relative_to(ROOT).as_posix())
    assert found == set(network_doc.BINDS)


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
