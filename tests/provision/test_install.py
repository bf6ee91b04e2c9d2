"""A record enters a pump over its local port: MicroPython behind a terminal, and every place where power may go."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import threading
import time
import tty
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware.trust import credentials as cr
from firmware.trust.install import LINE, Installer, credentials_of
from firmware.trust.local import SHUT, LocalPort
from hal import ports
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.homes.base import HomeError
from simulator.homes.micropython import ROOT, interpreter
from simulator.power import AFTER, BEFORE, PLACES, Cut, PowerLost
from simulator.site.make import make_site
from simulator.site.people import parse_operator
from tests.command import kvo
from tools.provision.install import InstallProblem, _Line, install

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
    pump: Any, site: Any, tmp_path: Path
) -> None:
    states = []
    for operations in range(4):  # two copies, each a body and its first byte
        folder = tmp_path / str(operations)
        folder.mkdir()
        with pytest.raises((InstallProblem, HomeError)):
            install(record_of(site), pump(folder, operations=operations).path)
        states.append(kept(folder)[0])
        assert install(record_of(site), pump(folder).path).pump.state == "whole"
        assert kept(folder)[0] == cr.WHOLE and not kept(folder)[1].behind
    assert states == [cr.BLANK, cr.BLANK, cr.WHOLE, cr.WHOLE]
