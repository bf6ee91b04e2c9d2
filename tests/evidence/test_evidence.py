"""Evidence and recovery as people meet them: a site, its two cards, a pump at its local port, files and pages."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.therapy import tables as t
from firmware.trust.credentials import Record
from simulator.homes.base import HomeError
from simulator.homes.micropython import ROOT, interpreter
from simulator.site import change
from simulator.site.cards import recovery_keys
from simulator.site.keystore import unseal
from simulator.site.make import make_site
from simulator.site.people import parse_operator
from tests.command import kvo
from tools.claims.evidence import incident
from tools.claims.evidence_cases import cases
from tools.claims.evidence_scene import AUDIT_KEY, Scene, exporter
from tools.provision import install as installing

pytest.importorskip("serial", reason="pySerial: pip install 'kvo[device]'")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An incident's evidence in files, with its keys."""
    folder = tmp_path_factory.mktemp("evidence")
    found = incident()
    (folder / "audit.key").write_bytes(AUDIT_KEY)
    (folder / "exporter.pub").write_bytes(exporter().public)
    (folder / "good.kvo").write_bytes(found.evidence.encode())
    for one in cases(found.evidence):
        if one.what == "a record altered" and one.who == "somebody at the exporter":
            (folder / "bad.kvo").write_bytes(one.data)
    return folder


def held(folder: Path, command: str, name: str, *more: object) -> Any:
    keys = ("--audit-key", folder / "audit.key", "--exporter", folder / "exporter.pub")
    return kvo("evidence", command, folder / name, *keys, *more)


def test_sound_evidence_is_said_to_be_and_what_was_altered_is_named(files: Path) -> None:
    good = held(files, "verify", "good.kvo")
    assert good.exit_code == 0 and good.stdout.startswith("SOUND"), good.stdout
    bad = held(files, "verify", "bad.kvo", "--json", files / "bad.json")
    assert bad.exit_code == 1
    assert "altered (from record 5 on)" in bad.stdout and "records 0 to 4 are sure" in bad.stdout
    told = json.loads((files / "bad.json").read_text(encoding="utf-8"))
    assert (told["sound"], told["sure_until"]) == (False, 5)


def test_an_incident_is_told_in_lines_and_as_a_page(files: Path) -> None:
    said = held(files, "show", "good.kvo").stdout
    assert "before suspect, after isolated" in said and "code MALFORMED" in said
    assert held(files, "show", "good.kvo", "--out", files / "page.html").exit_code == 0
    page = (files / "page.html").read_text(encoding="utf-8")
    assert "after isolated" in page and "<script" not in page and "granted: start" in page
    held(files, "show", "bad.kvo", "--out", files / "bad.html")
    assert "NOT SOUND" in (files / "bad.html").read_text(encoding="utf-8")


def test_what_is_not_evidence_is_refused_in_a_line(files: Path) -> None:
    (files / "none.kvo").write_bytes(b"\xa0")
    none = held(files, "verify", "none.kvo")
    assert none.exit_code == 1 and "NOTHING of it can be relied on" in none.stdout
    assert "'kvo evidence export'" in kvo("evidence", "verify", files / "absent.kvo", "--site", files).stderr
    assert "--audit-key" in kvo("evidence", "verify", files / "good.kvo").stderr
    assert "64 hex digits" in held(files, "verify", "good.kvo", "--head", "7:ab").stderr
    cut = held(files, "verify", "good.kvo", "--head", f"900:{bytes(32).hex()}")
    assert cut.exit_code == 1 and "cut (from record" in cut.stdout


@pytest.fixture
def site(tmp_path: Path) -> Any:
    """A site of one pump and one person."""
    return make_site(tmp_path / "ward", 1, [parse_operator("ada:nurse", 1)])


def at_the_port(site: Any, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A pump of the site, infusing, with the commands' line in its port."""
    pump = site.pump(site.pumps()[0])
    record = Record()
    assert record.decode((pump / "record.cbor").read_bytes())
    pin = unseal(site.keystore, site.passphrase.read_text(encoding="utf-8").strip()).operators[1].pin
    scene = Scene(None, record, (pump / "audit.key").read_bytes(), recovery_keys(site), (1, pin))

    @contextlib.contextmanager
    def line_to(url: str) -> Iterator[Any]:
        yield scene.line()

    monkeypatch.setattr(installing, "line_to", line_to)
    return scene


def test_a_site_recovers_its_pump_and_verifies_the_evidence_of_before(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = at_the_port(site, monkeypatch)
    pump, out = site.pumps()[0], tmp_path / "incident.kvo"
    cards = ("--card", site.recovery(1), "--card", site.recovery(2))
    recover = ("provision", "recover", site.folder, pump, "--port", "here", "--out")
    shut = kvo(*recover, out, *cards)
    assert shut.exit_code == 2 and "key switch" in shut.stderr and not out.exists()
    scene.attack()
    scene.turn_key()
    old = kvo(*recover, tmp_path / "0.kvo", *cards)
    assert old.exit_code == 2 and "the key that is to be replaced" in old.stderr
    change.rotate(site.folder, pump)
    twice = kvo(*recover, tmp_path / "1.kvo", "--card", site.recovery(1), "--card", site.recovery(1))
    assert "one card cannot stand for both" in twice.stderr and (tmp_path / "1.kvo").exists()
    done = kvo(*recover, out, *cards)
    assert done.exit_code == 0, done.stderr
    scene.run(3_000)
    assert (scene.trust, scene.status.delivery) == (t.TR_NORMAL, t.ST_INFUSING)
    verdict = kvo("evidence", "verify", out, "--site", site.folder)
    assert verdict.exit_code == 0, verdict.stdout
    assert "is there already" in kvo(*recover, out, *cards).stderr
    scene.isolate_again()
    later = tmp_path / "later.kvo"
    assert kvo("evidence", "export", site.folder, "--port", "here", "--out", later).exit_code == 0
    follows = kvo("evidence", "verify", later, "--site", site.folder, "--before", out, "--since", 0)
    assert follows.exit_code == 0, follows.stdout
    other = kvo("evidence", "verify", later, "--site", site.folder, "--before", later)
    assert "does not go on where" in other.stdout


def test_the_firmware_on_micropython_hands_out_its_evidence(site: Any, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        command = [*interpreter(), "-X", "heapsize=1200k", str(ROOT / "tools" / "device" / "local_pump.py"), str(ROOT)]
    except HomeError as absent:
        pytest.skip(str(absent))
    process = subprocess.Popen(
        [*command, str(tmp_path), "maintenance", "-1"], stdin=ours, stdout=ours, stderr=subprocess.DEVNULL
    )
    try:
        pump, out = site.pumps()[0], tmp_path / "pump.kvo"
        port = ("--port", os.ttyname(theirs))
        assert kvo("provision", "install", site.folder, pump, *port).exit_code == 0
        done = kvo("evidence", "export", site.folder, *port, "--out", out)
        assert done.exit_code == 0, done.stderr
    finally:
        process.kill()
        process.wait()
        os.close(theirs)
        os.close(ours)
    # It has not begun its keys: no gatekeeper vouches yet, and that is said.
    verdict = kvo("evidence", "verify", out, "--site", site.folder)
    assert "not vouched for" in verdict.stdout or "is evidence of pump" in verdict.stderr
