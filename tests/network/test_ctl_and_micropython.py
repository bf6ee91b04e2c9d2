"""`kvo ctl`, a process for each request, and a pump that is the firmware on MicroPython: over Mosquitto, mutual TLS."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hal import ports
from simulator.files.library import compile_library
from simulator.gateway.prescription import library_of
from simulator.homes.micropython import ROOT
from simulator.site.files import Site
from simulator.site.keyservice import KeyService
from simulator.site.mosquitto import Mosquitto
from tests.gateway.people import password
from tests.network.test_two_processes import MOST_TURNS, NURSE, PHARMACIST, Staff, service, start

__all__ = ["service", "start"]

TURN_MS = 50  # twice as fast: what is asked for waits two minutes of the pump's
PATIENCE_S = 240
OTHER_NURSE = "nurse-2"
ENTRIES = ("drug=sodium chloride 0.9%", "care_area=ward", "mode=continuous", "dose_rate=100 mL/h", "vtbi=500 mL")


class Ctl:
    """Runs `kvo ctl` for the site's people."""

    def __init__(self, site: Site, port: int, pump: str, folder: Path) -> None:
        self._site, self._port, self._pump, self._folder = site, port, pump, folder

    async def __call__(self, who: str, *arguments: str, code: int = 0) -> str:
        """What it said; its exit code is to be `code`."""
        secret = self._folder / f"{who}.password"
        secret.write_text(password(self._site, who) + "\n")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tools.cli", "ctl", str(self._site.folder), "--port", str(self._port), "--pump",
            self._pump, "--operator", who, "--password-file", str(secret), *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        )  # fmt: skip
        said, _ = await process.communicate()
        assert process.returncode == code, said.decode()
        return said.decode()

    async def told(self, who: str, *arguments: str) -> dict[str, Any]:
        """What its --json holds."""
        into = self._folder / "told.json"
        await self(who, *arguments, "--json", str(into))
        found: dict[str, Any] = json.loads(into.read_text())
        return found

    async def until(self, **wanted: object) -> None:
        """Ask for the status until it is that."""
        status: dict[str, Any] = {}
        while any(status.get(name) != value for name, value in wanted.items()):
            status = (await self.told(PHARMACIST, "status"))["status"]


async def test_a_prescription_by_kvo_ctl_is_given_by_the_firmware_on_micropython(
    site: Site, broker: Mosquitto, start: Callable[..., Any], service: KeyService, tmp_path: Path
) -> None:
    pump = site.pumps()[0]
    ctl = Ctl(site, broker.port, pump, tmp_path)
    staff = Staff(site, service, pump)
    library = compile_library(library_of("ward"))
    async with asyncio.timeout(PATIENCE_S), start(
        pump, site.pump(pump), broker.port, MOST_TURNS, TURN_MS, holds=library
    ) as device:  # fmt: skip
        device.say("run")
        await ctl(NURSE, "time")
        assert "prepare: OK" in await ctl(NURSE, "prepare", "--library", "ward", *ENTRIES)
        for key, value in staff.login_keys(NURSE):
            device.press(key, value)
        await ctl.until(operator=1)
        for key in (ports.KEY_PROGRAMME, ports.KEY_CONFIRM, ports.KEY_START):
            device.press(key)
        await ctl.until(delivery="infusing", rate_ul_h=100_000)
        digest = (await ctl.told(NURSE, "titrate", "300 mL/h", "--library", "ward"))["digest"]
        assert "SAME_PERSON" in await ctl(NURSE, "approve", digest, code=1)
        broker.kill()
        broker.start()
        await ctl(OTHER_NURSE, "approve", digest)
        await ctl.until(rate_ul_h=100_000)  # nobody at the bedside has confirmed
        device.press(ports.KEY_CONFIRM)
        device.press(ports.KEY_CONFIRM)  # past a soft limit: twice
        await ctl.until(delivery="infusing", rate_ul_h=300_000)
        await ctl(NURSE, "pause")
        await ctl.until(delivery="infusing", rate_ul_h=300_000)  # it rings, and goes on
        device.press(ports.KEY_PAUSE)
        await ctl.until(delivery="paused")
        log = [entry["says"] for entry in (await ctl.told(PHARMACIST, "log"))["log"]]
        told = await device.end()
    assert told["falls"] == 0
    assert "granted: start" in log
    assert "granted: new rate 300 mL/h (was 100)" in log
    assert "alarms shown: somebody asks for a pause" in log


pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
