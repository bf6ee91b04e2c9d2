"""`kvo ctl`, `kvo gateway` and `kvo ward` as a person meets them: real processes, and what is refused beforehand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.homes.micropython import ROOT
from simulator.site.files import Site
from simulator.site.make import make_site
from simulator.site.mosquitto import free_port, is_free
from simulator.site.people import USUAL, parse_operator
from tests.command import kvo
from tests.gateway.people import password

PATIENCE_S = 120
SPEED = 1  # what is asked for waits two minutes of the pump's: a busy machine needs them


def _start(*arguments: object, into: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    with into.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "tools.cli", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.STDOUT, env=environment,
        )  # fmt: skip


class Running:
    """A ward and a gateway in processes of their own, and `ctl` in others."""

    def __init__(self, site: Site, port: int, folder: Path) -> None:
        self.site = site
        self.port = port
        self.folder = folder
        self._count = 0

    def begin(self, who: str, *arguments: object) -> tuple[subprocess.Popen[bytes], Path]:
        """Start `kvo ctl … arguments` for an operator."""
        self._count += 1
        secret = self.folder / f"{who}.password"
        secret.write_text(password(self.site, who) + "\n")
        into = self.folder / f"ctl-{self._count}.out"
        pump = self.site.pumps()[0][:6]
        return _start("ctl", self.site.folder, "--port", self.port, "--pump", pump, "--operator", who,
                      "--password-file", secret, *arguments, into=into), into  # fmt: skip

    def ctl(self, who: str, *arguments: object) -> tuple[int, str]:
        """Run it to its end: exit code and what it said."""
        process, into = self.begin(who, *arguments)
        return process.wait(PATIENCE_S), into.read_text()

    def until(self, who: str, delivery: str, rate_ul_h: int | None = None) -> dict[str, Any]:
        """Ask for the status until it is that."""
        end = time.monotonic() + PATIENCE_S
        found: dict[str, Any] = {}
        while time.monotonic() < end:
            code, said = self.ctl(who, "status", "--json", self.folder / "status.json")
            assert code == 0, said
            found = json.loads((self.folder / "status.json").read_text())
            status = found["status"]
            if status["delivery"] == delivery and rate_ul_h in (None, status["rate_ul_h"]):
                return found
        raise AssertionError(f"never {delivery} at {rate_ul_h}: {found}")


@pytest.fixture
def running(tmp_path: Path, has_mosquitto: None) -> Iterator[Running]:
    people = [parse_operator(text, place + 1) for place, text in enumerate(USUAL)]
    site = make_site(tmp_path / "ward", 2, people)
    port = free_port()
    ward = _start("ward", site.folder, "--port", port, "--speed", SPEED, into=tmp_path / "ward.out")
    gateway = _start("gateway", site.folder, "--port", port, into=tmp_path / "gateway.out")
    try:
        end = time.monotonic() + PATIENCE_S
        while "log: 1 records" not in (tmp_path / "gateway.out").read_text():  # it has told the time before
            assert ward.poll() is None, (tmp_path / "ward.out").read_text()
            assert gateway.poll() is None, (tmp_path / "gateway.out").read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
        yield Running(site, port, tmp_path)
    finally:
        for process in (gateway, ward):
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
        assert is_free(port)  # the ward has ended its broker


def test_prepared_confirmed_titrated_by_two_paused_and_logged_by_real_processes(running: Running) -> None:
    entries = ("drug=sodium chloride 0.9%", "care_area=ward", "mode=continuous", "dose_rate=100 mL/h", "vtbi=500 mL")
    code, said = running.ctl("nurse-1", "prepare", "--library", "ward", *entries)
    assert (code, said.startswith("prepare: OK")) == (0, True), said
    running.until("nurse-1", "infusing", 100_000)

    told = running.folder / "titrate.json"
    code, said = running.ctl("nurse-1", "titrate", "300 mL/h", "--library", "ward", "--json", told)
    assert (code, "another operator has to approve" in said) == (0, True), said
    digest = json.loads(told.read_text())["digest"]
    code, said = running.ctl("nurse-1", "approve", digest)
    assert (code, "SAME_PERSON" in said) == (1, True), said
    code, said = running.ctl("nurse-2", "approve", digest)
    assert code == 0, said
    assert running.until("physician-1", "infusing", 300_000)["fresh"]

    # Two at once, of one operator at one terminal: one waits for the other.
    both = [running.begin("nurse-1", "pause"), running.begin("nurse-1", "status")]
    codes = [process.wait(PATIENCE_S) for process, _ in both]
    assert codes == [0, 0], [into.read_text() for _, into in both]
    running.until("nurse-1", "paused")

    code, said = running.ctl("pharmacist-1", "log", "--json", running.folder / "log.json")
    assert code == 0, said
    log = [entry["says"] for entry in json.loads((running.folder / "log.json").read_text())["log"]]
    assert "granted: start" in log
    assert "granted: new rate 300 mL/h (was 100)" in log
    assert "alarms shown: somebody asks for a pause" in log
    heard = (running.folder / "gateway.out").read_text()
    assert "infusing, 300 mL/h" in heard
    assert "tampered" not in heard
    assert "missing" not in heard


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that nobody runs."""
    people = [parse_operator("ada:nurse", 1)]
    return make_site(tmp_path_factory.mktemp("quiet") / "ward", 2, people, port=free_port())


def test_what_cannot_be_asked_is_said_in_a_line_before_anything_is_dialled(quiet: Site, tmp_path: Path) -> None:
    pump = quiet.pumps()[0]
    some = ("ctl", quiet.folder, "--pump", pump)
    for arguments, says in (
        (("ctl", tmp_path, "status"), "no site is here"),
        (("ctl", quiet.folder, "status"), "name a pump with --pump"),
        (("ctl", quiet.folder, "--pump", "ffff", "status"), "there is no pump 'ffff'"),
        ((*some, "pause"), "--operator NAME"),
        ((*some, "pause", "--operator", "ada"), "--password-file"),
        ((*some, "pause", "--operator", "ada", "--password-file", tmp_path / "none"), "the password cannot be read"),
        ((*some, "puase"), "did you mean 'pause'"),
        ((*some, "approve", "xyz"), "32 hex digits"),
        ((*some, "titrate", "120 mL/h", "--library", "wrad"), "did you mean 'ward'"),
        ((*some, "prepare", "no-such-programme"), "no such file or shipped programme"),
        ((*some, "prepare", "drug=x"), "--library"),
        (("gateway", tmp_path), "no site is here"),
        (("gateway", quiet.folder, "--name", "nobody", "--for", "0"), "there is no client 'nobody'"),
        (("ward", tmp_path, "--join"), "no site is here"),
        (("ward", quiet.folder, "--join", "--pumps", "9"), "the site has 2"),
        (("ward", quiet.folder, "--join", "--programme", "fluid-bolos"), "did you mean 'fluid-bolus'"),
        (("ward", quiet.folder, "--join", "--nurse", "adda"), "there is no operator 'adda'"),
    ):  # fmt: skip
        done = kvo(*arguments)
        said = done.stderr.strip()
        assert (done.exit_code, says in said, "\n" in said) == (2, True, False), (arguments, done.output)


def test_every_command_teaches(quiet: Site) -> None:
    for arguments in (("ctl", "--help"), ("gateway", "--help"), ("ward", "--help"), ("bench", "trust", "--help"),
                      *(("ctl", name, "--help") for name in ("status", "prepare", "titrate", "approve", "pause", "stop",
                                                             "log", "watch", "time", "push", "revoke",
                                                             "epoch", "waveform"))):  # fmt: skip
        done = kvo(*arguments)
        assert done.exit_code == 0, arguments
        assert "Example" in done.output, arguments


def test_a_gateway_without_a_broker_alarms_and_says_how_every_pump_stands(quiet: Site, tmp_path: Path) -> None:
    done = kvo("gateway", quiet.folder, "--for", "0.2", "--json", tmp_path / "gateway.json")
    assert done.exit_code == 0, done.output
    pumps = json.loads((tmp_path / "gateway.json").read_text())["pumps"]
    assert [one["state"] for one in pumps] == ["unheard", "unheard"]


def test_no_password_is_an_argument() -> None:
    said = kvo("ctl", "--help").output
    assert "--password-file" in said
    assert "--password " not in said


def test_where_mosquitto_is_not_installed_it_says_what_to_install(
    quiet: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("simulator.site.mosquitto._PLACES", ())
    done = kvo("ward", quiet.folder, "--mosquitto")
    assert done.exit_code == 2
    assert "make deps" in done.stderr


def test_a_port_that_is_taken_is_said(quiet: Site, has_mosquitto: None) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = kvo("ward", quiet.folder, "--port", port)
    assert done.exit_code == 2
    assert "--join" in done.stderr
