"""A record enters a pump over its local port: MicroPython behind a terminal, and every place where power may go."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pty
import socket
import subprocess
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import pytest

from firmware.therapy.tables import ST_MAINTENANCE, ST_STANDBY
from firmware.trust import credentials as cr
from firmware.trust.audit_store import Chain
from firmware.trust.install import LINE, Installer, credentials_of
from firmware.trust.local import LOST, SHUT, LocalPort
from hal import ports
from simulator import audit
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.homes.base import HomeError
from simulator.homes.micropython import ROOT, interpreter
from simulator.power import AFTER, BEFORE, PLACES, Cut, PowerLost
from simulator.site.make import make_site
from simulator.site.people import parse_operator
from tests.command import kvo
from tools.provision import install as installing
from tools.provision.install import InstallProblem, Line, install

pytest.importorskip("serial", reason="pySerial: pip install 'kvo[device]'")
SCRIPT = ROOT / "tools" / "device" / "local_pump.py"
HEAP = "1m"  # gatekeeper and bare board are compiled in it from their sources; what a Pico has: claim fits-the-device
AREAS = (ports.AREA_KEYS_A, ports.AREA_KEYS_B)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A site with two pumps and two people."""
    people = [parse_operator("ada:nurse", 1), parse_operator("bo:pharmacist", 2)]
    return make_site(tmp_path_factory.mktemp("site") / "ward", 2, people)


def record_of(site: Any, which: int = 0) -> Path:
    path: Path = site.pump(site.pumps()[which]) / "record.cbor"
    return path


class Pump:
    """MicroPython with the firmware, its local port behind `path`; its keys are kept in `folder`."""

    def __init__(self, folder: Path, doing: str = "maintenance", operations: int = -1) -> None:
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.path = os.ttyname(theirs)
        self._theirs = theirs
        command = [*interpreter(), "-X", f"heapsize={HEAP}", str(SCRIPT), str(ROOT), str(folder), doing]
        self.process = subprocess.Popen(
            [*command, str(operations)], stdin=self._ours, stdout=self._ours, stderr=subprocess.DEVNULL
        )

    def close(self) -> None:
        if self._ours < 0:
            return
        self.process.kill()
        self.process.wait()
        os.close(self._theirs)
        os.close(self._ours)
        self._ours = -1


@pytest.fixture
def pump(tmp_path: Path) -> Iterator[Any]:
    """Starts pumps and ends them."""
    made: list[Pump] = []

    def start(folder: Path = tmp_path, **how: Any) -> Pump:
        try:
            made.append(Pump(folder, **how))
        except HomeError as absent:
            pytest.skip(str(absent))
        return made[-1]

    yield start
    for one in made:
        one.close()


NOBODY = SimpleNamespace(wanted=lambda: -1)  # wants anything in force


def kept(folder: Path) -> tuple[int, cr.Credentials]:
    """What the files of a Pump hold."""
    flash = SimFlash(VirtualClock(0))
    for area in AREAS:
        path = folder / f"area-{area}"
        if path.exists():
            flash.load(area, path.read_bytes())
    found = cr.Credentials(flash)
    return found.read(), found


def test_a_blank_pump_takes_its_record_and_says_so(pump: Any, site: Any, tmp_path: Path) -> None:
    device = pump()
    pump_id = site.pumps()[0]
    done = kvo("provision", "install", site.folder, pump_id, "--port", device.path)
    assert done.exit_code == 0, done.stderr
    assert f"pump {pump_id}: record installed, and read back: number 1" in done.stdout
    assert "switch the pump off and on" in done.stdout and f"wipe {site.folder} record:{pump_id}" in done.stdout
    found, held = kept(tmp_path)
    assert found == cr.WHOLE and not held.behind
    assert held.record.encode() == record_of(site).read_bytes()
    again = kvo("provision", "install", site.folder, pump_id, "--port", device.path)
    assert again.exit_code == 0 and "stood there already" in again.stdout
    device.close()
    started = pump()  # with its keys
    other = kvo("provision", "install", site.folder, site.pumps()[1], "--port", started.path)
    assert (other.exit_code, other.stderr.count("\n")) == (2, 1)
    assert f"that is pump {pump_id}, not {site.pumps()[1]}; nothing was changed" in other.stderr


@pytest.mark.parametrize("doing", ["standby", "unlocked"])
def test_a_pump_that_is_not_in_maintenance_takes_nothing(pump: Any, site: Any, tmp_path: Path, doing: str) -> None:
    device = pump(doing=doing)
    done = kvo("provision", "install", site.folder, site.pumps()[0], "--port", device.path)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "not in maintenance, or its key switch is not turned" in done.stderr
    assert kept(tmp_path)[0] == cr.BLANK


def test_power_that_goes_between_any_two_writes_leaves_a_pump_that_takes_it(
    pump: Any, site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = []
    for operations in range(4):  # two copies, each a body and its first byte
        folder = tmp_path / str(operations)
        folder.mkdir()
        with monkeypatch.context() as impatient, pytest.raises(InstallProblem):
            impatient.setattr(installing, "STORE_S", 0.5)  # nobody is there any more
            install(record_of(site), pump(folder, operations=operations).path)
        states.append(kept(folder)[0])
        assert install(record_of(site), pump(folder).path).pump.state == "whole"
        assert kept(folder)[0] == cr.WHOLE and not kept(folder)[1].behind
    assert states == [cr.BLANK, cr.BLANK, cr.WHOLE, cr.WHOLE]


# The pump's end by itself: each byte and each cut, on CPython.


class Wire:
    """A port in memory: what was sent to the pump, and what it said."""

    def __init__(self, takes: int = 10_000) -> None:
        self.there = bytearray()
        self.said = bytearray()
        self.takes = takes

    def receive(self, into: Any) -> int:
        count = min(len(into), len(self.there))
        into[:count] = self.there[:count]
        del self.there[:count]
        return count

    def send(self, data: bytes, count: int) -> int:
        taken = min(count, self.takes)
        self.said += data[:taken]
        return taken


class ByHand:
    """The pySerial port of a pump that is stepped whenever the host waits."""

    timeout = 0.0

    def __init__(self, installer: Any, wire: Wire) -> None:
        self._step = installer.step
        self.wire = wire
        self.written = 0

    @property
    def in_waiting(self) -> int:
        return len(self.wire.said)

    def write(self, data: bytes) -> None:
        self.written += len(data)
        self.wire.there += data

    def read(self, count: int) -> bytes:
        for _ in range(20):
            self._step()
        data = bytes(self.wire.said[:count])
        del self.wire.said[:count]
        return data


def put(
    flash: Any, data: bytes, wire: Wire | None = None, gatekeeper: Any = None, audit_key: bytes = b"",
) -> Any:
    """Hand `data` to a pump with that store; what it says of itself then. InstallProblem where it refuses."""
    wire = Wire() if wire is None else wire
    line = Line("by hand", ByHand(Installer(wire, flash, gatekeeper), wire))
    if audit_key:
        line.key(audit_key)
    for offset in range(0, len(data), 64):
        line.put(offset, data[offset : offset + 64])
    line.end(len(data), hashlib.sha256(data).hexdigest())
    return line.who()


def record(**changes: Any) -> Any:
    made = cr.Record()
    made.pump_id, made.pump_key, made.epoch, made.site, made.known_s = b"12345678", bytes(range(32)), 3, "ward", 1000
    made.people = [cr.Person(7, 1, bytes(16), bytes(32), 2000)]
    made.revoked = [5]
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def flash_with(one: Any = None) -> SimFlash:
    flash = SimFlash(VirtualClock(0))
    if one is not None:
        for area in AREAS:
            flash.load(area, cr.frame(one, 4))
    return flash


def test_a_record_of_the_same_key_that_takes_nothing_back_goes_over_the_old() -> None:
    flash = flash_with(record())
    newer = record(revoked=[5, 6], known_s=2000, people=[])
    assert put(flash, newer.encode()).sequence == 5
    assert put(flash, record(revoked=[], epoch=4, known_s=2000).encode()).sequence == 6  # an epoch revokes them all


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pump_id": b"87654321"}, "another pump's record"), ({"pump_key": bytes(32)}, "only after recovery"),
        ({"epoch": 2}, "make it anew"), ({"known_s": 999}, "make it anew"), ({"revoked": [6]}, "make it anew"),
        ({"pump_id": b"short"}, "does not take this for a record"),
        ({"people": [cr.Person(7, 1, b"", b"", 1)]}, "does not take this for a record"),
    ],
)  # fmt: skip
def test_what_the_pump_refuses_leaves_the_old_record(changes: dict[str, Any], says: str) -> None:
    flash = flash_with(record())
    with pytest.raises(InstallProblem, match=says):
        put(flash, record(**changes).encode())
    found = cr.Credentials(flash)
    assert found.read() == cr.WHOLE and found.record.encode() == record().encode()


def test_a_damaged_store_takes_no_new_keys() -> None:
    flash = flash_with(record())
    for area in AREAS:
        flash.flip(area, 40, 1)
    with pytest.raises(InstallProblem, match="isolated"):
        put(flash, record().encode())


def test_every_byte_of_a_record_is_judged() -> None:
    data = record().encode()
    for place in range(0, len(data), 3):
        flash = flash_with()
        changed = bytearray(data)
        changed[place] ^= 0x80
        try:
            put(flash, bytes(changed))
        except InstallProblem:
            assert cr.Credentials(flash).read() == cr.BLANK, place
        else:  # a key, a salt or a site of another value is a record too
            assert cr.Credentials(flash).read() == cr.WHOLE


def test_a_store_that_fails_is_said() -> None:
    flash = flash_with()
    flash.forgets = True
    with pytest.raises(InstallProblem, match="flash does not take it"):
        put(flash, record().encode())


def test_the_gatekeeper_of_a_pump_with_keys_sees_what_is_written() -> None:
    flash = flash_with(record())
    gatekeeper = SimpleNamespace(credentials=cr.Credentials(flash))
    gatekeeper.credentials.read()
    put(flash, record(known_s=2000).encode(), gatekeeper=gatekeeper)
    assert gatekeeper.credentials.check() and gatekeeper.credentials.record.known_s == 2000


def cuts() -> Iterator[Cut]:
    flash = flash_with()
    flash.supply.log = []
    put(flash, record().encode())
    for number, operation in enumerate(flash.supply.log, 1):
        for where in PLACES:
            for byte in range(0, operation.size, 7) if where not in (BEFORE, AFTER) else (0,):
                yield Cut(number, where, byte, seed=byte)


def test_whatever_power_does_to_a_first_installation_it_can_be_made_again() -> None:
    found = []
    for cut in cuts():
        flash = flash_with()
        flash.supply.arm(cut)
        with pytest.raises(PowerLost):
            put(flash, record().encode())
        found.append(cr.Credentials(flash).read())
        assert found[-1] in (cr.BLANK, cr.WHOLE), cut
        assert put(flash, record().encode()).state == "whole"
        assert not credentials_of(flash, None).behind
    assert cr.BLANK in found and cr.WHOLE in found


def test_garbled_lost_and_overlong_lines_do_no_harm() -> None:
    wire = Wire(takes=3)  # a port that takes little at once
    installer = Installer(wire, flash_with(), None)
    wire.there += b"\xff\x00kvo who\r\n" + b"x" * (LINE + 50) + b"\nkvo who 1 00000000\nkvo put 2 -1 00 0\n\n\n"
    for _ in range(400):
        installer.step()
    assert bytes(wire.said).count(b"kvo again 0 ") == 4 and bytes(wire.said).count(b"\n") == 4
    bad = (b"put 1 1 00", b"put 1 -1 00", b"put 1 0 0", b"put 1 0 zz", b"put 1 x 00", b"put 1 2040 00", b"eat 1")
    for words in bad:
        wire.said.clear()
        line = b"kvo " + words
        wire.there += line + b" %08x\n" % crc32(line)
        for _ in range(100):
            installer.step()
        assert bytes(wire.said).startswith(b"kvo again 1 "), words
    wire.takes = 10_000
    assert put(flash_with(), record().encode(), wire).state == "whole"


def test_the_words_of_a_shut_port_are_whole_lines() -> None:
    for line in (SHUT, LOST):
        said, _, check = line.strip().rpartition(b" ")
        assert check == b"%08x" % crc32(said)


def test_a_port_that_fails_and_a_heap_without_room_stop_no_main_loop() -> None:
    class Gone(Wire):
        def receive(self, into: Any) -> int:
            raise OSError(5)

    board = SimpleNamespace(local=Gone(), store=flash_with(), counter=None)
    port = LocalPort(board, None)
    port.step(ST_STANDBY, 0, NOBODY)
    port.step(ST_MAINTENANCE, ports.RF_KEY_SWITCH, NOBODY)
    board.local = wire = Wire()
    board.store = SimpleNamespace(size=lambda area: 10**9)
    port.step(ST_MAINTENANCE, ports.RF_KEY_SWITCH, NOBODY)
    LocalPort(SimpleNamespace(local=None), None).step(ST_MAINTENANCE, ports.RF_KEY_SWITCH, NOBODY)
    wire.there += b"\n" * 5
    port.step(ST_STANDBY, ports.RF_KEY_SWITCH, NOBODY)
    assert bytes(wire.said) == SHUT


# What is at the far end is no pump.


@pytest.fixture
def far_end() -> Iterator[Any]:
    """Starts a TCP server whose one connection `serve` plays; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def start(serve: Any) -> str:
        def play() -> None:
            with contextlib.suppress(OSError), listener.accept()[0] as one:
                serve(one)

        threads.append(threading.Thread(target=play))
        threads[-1].start()
        return f"socket://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for thread in threads:
        thread.join()
    listener.close()


def echo(one: Any) -> None:
    while data := one.recv(4096):
        one.sendall(data)


def prompt(one: Any) -> None:
    while one.recv(4096):
        one.sendall(b"\r\n>>> ")


def silent(one: Any) -> None:
    while one.recv(4096):
        pass


@pytest.mark.parametrize(
    ("serve", "says"),
    [(echo, "an echo, no pump"), (prompt, "MicroPython's prompt"), (silent, "nothing answered"),
     (lambda one: None, "the pump has gone")],
    ids=["echo", "prompt", "silent", "gone"],
)  # fmt: skip
def test_what_is_no_pump_is_told(
    far_end: Any, site: Any, serve: Any, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "ANSWER_S", 0.1)
    url = far_end(serve)
    done = kvo("provision", "install", site.folder, site.pumps()[0], "--port", url)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.stderr
    assert says in done.stderr and url in done.stderr


def test_a_port_and_a_record_that_are_not_there_are_one_line(site: Any, tmp_path: Path) -> None:
    done = kvo("provision", "install", site.folder, site.pumps()[0], "--port", "/dev/none")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1) and "no such port" in done.stderr
    done = kvo("provision", "install", site.folder, "0" * 16, "--port", "/dev/none")
    assert done.exit_code == 2 and "there is no pump" in done.stderr
    bad = tmp_path / "record.cbor"
    with pytest.raises(InstallProblem, match="kvo provision record"):
        install(bad, "/dev/none")
    bad.write_bytes(b"no record")
    with pytest.raises(InstallProblem, match="no credential record"):
        install(bad, "/dev/none")


def test_the_audit_begins_with_the_sites_key_and_a_later_record_leaves_it() -> None:
    flash = flash_with()
    key = bytes(range(32))
    assert put(flash, record().encode(), audit_key=key).state == "whole"
    chain = Chain(flash)
    chain.open()
    assert chain.append(7, b"before") == ports.OK
    assert put(flash, record(known_s=2000).encode(), audit_key=bytes(32)).state == "whole"
    log = audit.read_log(flash)
    assert len(log) == 1
    assert audit.verify(log, key, start=0).findings == []
    assert audit.verify(log, bytes(32), start=0).findings


def test_a_key_of_another_length_is_no_key() -> None:
    wire = Wire()
    installer = Installer(wire, flash_with(), None)
    said = b"kvo key 1 " + b"00" * 31
    wire.there += said + b" %08x\n" % crc32(said)
    for _ in range(20):
        installer.step()
    assert wire.said.startswith(b"kvo again 1 ")
