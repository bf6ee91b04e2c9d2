"""`kvo provision check` finds each planted fault, by rule, file and line, and finds nothing where nothing is."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from firmware.trust.cbor import decode, encode
from simulator.site import certificates
from simulator.site.files import Site
from simulator.site.make import make_site
from simulator.site.people import USUAL, is_weak_pin, new_pin, parse_operator
from tools.check_portable import ROOT
from tools.provision.finding import RULES
from tools.provision.scan import check
from tools.provision.sources import is_random

PASSPHRASE = secrets.token_urlsafe(24)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site to copy, in order: its passphrase lies elsewhere."""
    people = [parse_operator(text, place + 1) for place, text in enumerate(USUAL)]
    return make_site(tmp_path_factory.mktemp("made") / "ward", 2, people, passphrase=PASSPHRASE).folder


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Site:
    shutil.copytree(made, tmp_path / "ward")
    return Site(tmp_path / "ward")


def pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def signed(key: Any, algorithm: Any = None) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, algorithm or hashes.SHA256()).public_bytes(Encoding.PEM)


# Text that is planted at line 3 of a source, and the rule that finds it. Secrets are made when the test runs.
TEXTS: dict[str, tuple[Callable[[], str], str]] = {
    "pem": (lambda: pem(certificates.new_key()), "private-key-in-source"),
    "pem in a literal": (lambda: "KEY = " + repr(pem(certificates.new_key())), "private-key-in-source"),
    "hex": (lambda: f'KEY = "{secrets.token_hex(32)}"', "hard-coded-secret"),
    "hex of 16 bytes": (lambda: f"x = bytes.fromhex('{secrets.token_hex(16)}')", "hard-coded-secret"),
    "escaped bytes": (lambda: "K = b'" + "".join(f"\\x{b:02x}" for b in os.urandom(24)) + "'", "hard-coded-secret"),
    "base64": (lambda: f"token: {base64.b64encode(os.urandom(33)).decode()}", "hard-coded-secret"),
    "url-safe base64": (lambda: f"x = '{secrets.token_urlsafe(32)}'", "hard-coded-secret"),
    "named literal": (lambda: "wifi_password" + ' = "Tr0ub4dor-3x"', "hard-coded-secret"),
    "json": (lambda: '{"api_key"' + ': "a1b2c3d4e5f6g7"}', "hard-coded-secret"),
    "pin": (lambda: "pin" + ' = "739150"', "hard-coded-secret"),
    "weak pin": (lambda: "pin" + ' = "1234"', "weak-pin"),
    "weak pin, yaml": (lambda: "pin" + ": 111111", "weak-pin"),
    "default password": (lambda: "password" + ' = "admin"', "default-password"),
    "default password, yaml": (lambda: "mqtt_password: changeme", "default-password"),
    "a year for a password": (lambda: "passwd" + ' = "2024"', "default-password"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_secret_in_a_source_is_found_with_its_line(name: str, tmp_path: Path) -> None:
    make, rule = TEXTS[name]
    path = tmp_path / "config.py"
    found = 0
    for _ in range(20):
        path.write_text(f"import os\n\n{make()}\n", encoding="utf-8")
        found += (rule, 3) in [(one.rule, one.line) for one in check([tmp_path])]
    assert found >= 18  # one random string in some hundreds has no digit, and looks like words


def replace(path: Path, data: bytes | str) -> None:
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def first(site: Site) -> Path:
    return site.pump(site.pumps()[0])


def issued(site: Site, **how: Any) -> bytes:
    authority = certificates.Authority.load(site.ca_key, site.ca)
    return certificates.issue(authority, "x", **how)[1].public_bytes(Encoding.PEM)


def change_record(site: Site, key: int, value: Any) -> None:
    path = first(site) / "record.cbor"
    record = decode(path.read_bytes())
    record[key] = value(record[key]) if callable(value) else value
    replace(path, encode(record))


def share_record_key(site: Site) -> None:
    one, other = (site.pump(name) / "record.cbor" for name in site.pumps())
    record = decode(other.read_bytes())
    record[3] = decode(one.read_bytes())[3]
    replace(other, encode(record))


def share_client_key(site: Site) -> None:
    shutil.copy(first(site) / "client.key", site.client("gateway") / "client.key")


def build_with_key(site: Site) -> None:
    build = site.folder.parent / "build"
    build.mkdir()
    key = decode((first(site) / "record.cbor").read_bytes())[3]
    replace(build / "firmware.bin", b"\0MPY" + key + b"\0")


def reuse_key_in_a_certificate(site: Site) -> None:
    authority = certificates.Authority.load(site.ca_key, site.ca)
    key, one = certificates.issue(authority, "one")
    builder = x509.CertificateBuilder().subject_name(one.subject).issuer_name(one.issuer)
    builder = builder.public_key(key.public_key()).serial_number(2)
    builder = builder.not_valid_before(one.not_valid_before_utc).not_valid_after(one.not_valid_after_utc)
    replace(site.folder / "one.crt", one.public_bytes(Encoding.PEM))
    replace(site.folder / "two.crt", builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM))


def weak_hand_over(site: Site) -> None:
    path = next((site.folder / "to-hand-over").iterdir())
    replace(path, "PIN at the bedside: 123456\n")


def in_config(site: Site, before: str, after: str) -> None:
    replace(site.config, site.config.read_text().replace(before, after))


OLD = datetime.now(UTC) - timedelta(days=90)
SITES: dict[str, tuple[Callable[[Site], Any], str, str]] = {
    "expired": (lambda s: replace(first(s) / "client.crt", issued(s, now=OLD, days=2)), "expired", "client.crt"),
    "not yet valid": (
        lambda s: replace(s.broker / "server.crt", issued(s, now=datetime.now(UTC) + timedelta(days=9))),
        "not-yet-valid", "server.crt",
    ),
    "short RSA": (lambda s: replace(first(s) / "client.key", pem(rsa.generate_private_key(65537, 1024))), "weak-key",
                  "client.key"),
    "short RSA in a certificate": (
        lambda s: replace(first(s) / "client.crt", signed(rsa.generate_private_key(65537, 1024))), "weak-key",
        "client.crt",
    ),
    "small curve": (lambda s: replace(first(s) / "client.key", pem(ec.generate_private_key(ec.SECP192R1()))),
                    "weak-key", "client.key"),
    "DSA": (lambda s: replace(first(s) / "client.key", pem(dsa.generate_private_key(2048))), "weak-key", "client.key"),
    "a key of zeros": (lambda s: change_record(s, 3, bytes(32)), "weak-key", "record.cbor"),
    "a PIN stretched once": (
        lambda s: change_record(s, 6, lambda rows: [[*row[:4], 1, *row[5:]] for row in rows]), "weak-key",
        "record.cbor",
    ),
    "one key in two pumps": (share_record_key, "same-key-twice", "record.cbor"),
    "one key in pump and gateway": (share_client_key, "same-key-twice", "client.key"),
    "one key, two certificates": (reuse_key_in_a_certificate, "same-key-twice", "one.crt"),
    "one salt in two pumps": (
        lambda s: change_record(s, 6, decode((s.pump(s.pumps()[1]) / "record.cbor").read_bytes())[6]),
        "same-key-twice", "record.cbor",
    ),
    "one salt for two people": (
        lambda s: change_record(s, 6, lambda rows: [[*row[:2], rows[0][2], *row[3:]] for row in rows]),
        "same-key-twice", "record.cbor",
    ),
    "one card for two people": (
        lambda s: change_record(s, 6, lambda rows: [[*row[:5], rows[0][5]] for row in rows]), "same-key-twice",
        "record.cbor",
    ),
    "readable file": (lambda s: (first(s) / "client.key").chmod(0o644), "readable-by-others", "client.key"),
    "open folder": (lambda s: s.broker.chmod(0o755), "readable-by-others", "broker"),
    "passphrase at home": (lambda s: replace(s.passphrase, PASSPHRASE), "secret-beside-its-lock", "passphrase"),
    "weak PIN to hand over": (weak_hand_over, "weak-pin", ".txt"),
    "anonymous": (lambda s: in_config(s, "allow_anonymous false", "allow_anonymous true"), "anonymous-broker",
                  "mosquitto.conf"),
    "no certificate": (lambda s: in_config(s, "require_certificate true", ""), "anonymous-broker", "mosquitto.conf"),
    "a pump's key in a build": (build_with_key, "hard-coded-secret", "firmware.bin"),
}  # fmt: skip


@pytest.mark.parametrize("name", SITES)
def test_a_fault_in_a_site_is_found(name: str, site: Site) -> None:
    plant, rule, where = SITES[name]
    assert check([site.folder.parent]) == []
    plant(site)
    found = [(one.rule, one.path.name.endswith(where)) for one in check([site.folder.parent])]
    assert (rule, True) in found


def test_sha1_is_found(tmp_path: Path) -> None:
    """openssl signs with it where the library no longer does."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed; apt-get install openssl")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha1",
               "-subj", "/CN=old", "-keyout", "/dev/null", "-out", str(tmp_path / "old.crt")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert [one.rule for one in check([tmp_path])] == ["weak-signature"]


def test_a_private_key_that_others_can_read_is_found_outside_a_site(tmp_path: Path) -> None:
    path = tmp_path / "client.key"
    path.write_text(pem(certificates.new_key()))
    path.chmod(0o644)
    assert {"private-key-in-source", "readable-by-others"} == {one.rule for one in check([tmp_path])}
    path.chmod(0o600)
    assert {"private-key-in-source"} == {one.rule for one in check([tmp_path])}


def test_what_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")

    def refuses(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuses)  # root may read everything
    assert [(one.rule, one.what) for one in check([tmp_path])] == [("cannot-be-read", "Permission denied")]


def test_every_rule_is_tried() -> None:
    tried = {rule for _, rule in TEXTS.values()} | {rule for _, rule, _ in SITES.values()}
    assert tried | {"weak-signature", "cannot-be-read"} == set(RULES)


def test_each_finding_names_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("pin" + ' = "1234"\n')
    assert str(check([tmp_path])[0]) == f"{tmp_path}/a.py:1: weak-pin: the PIN 1234; {RULES['weak-pin']}"


def test_nothing_is_found_in_a_site_as_it_is_made(made: Path) -> None:
    assert check([made]) == []


def test_nothing_is_found_in_this_repository() -> None:
    """The files that people wrote; published test vectors are known to all."""
    published = [
        *ROOT.glob("tools/**/*vectors*.json"),
        ROOT / "hal/pico/display.py",  # a font in hex
        ROOT / "firmware/trust/p256.py",  # the numbers of a curve
    ]
    folders = ("firmware", "hal", "simulator", "scenarios", "tools", "tests", "docs", ".ci")
    paths = [ROOT / name for name in folders if (ROOT / name).exists()]
    paths += [path for path in ROOT.iterdir() if path.is_file()]
    assert [str(one) for one in check(paths, published)] == []


HARMLESS = (
    'sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    "from simulator.site.certificates import Authority, read_certificate",
    "def test_with_another_pumps_certificate_no_request_comes(): pass",
    'password = getpass("Password: ")',
    'password = ""',
    "password: str = config.password",
    "pin = pin_of(person)",
    'key = "drive.step_rate_mhz"',
    "TURN_OUT_FORMAT = '<32i'  # flags, room for network bytes, scratch word",
    "https://example.org/a/long/path/with/many/Parts/and/Numbers/12345",
    "ports/rp2/boards/RPI_PICO2_W/mpconfigboard.h",
    "00000000000000000000000000000000",
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
)  # fmt: skip


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_harmless_is_let_pass(line: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(line + "\n", encoding="utf-8")
    assert [str(one) for one in check([tmp_path])] == []


@pytest.mark.parametrize("pin", ["1234", "123456", "987654", "000000", "121212", "2024", "1987", "890123", "13579"])
def test_weak_pins(pin: str) -> None:
    assert is_weak_pin(pin)


def test_pins_that_are_made_are_not_weak() -> None:
    assert not any(is_weak_pin(new_pin(6)) for _ in range(1000))


def test_random_strings_are_told_from_words() -> None:
    assert all(is_random(secrets.token_hex(16)) for _ in range(2000))
    assert sum(is_random(secrets.token_urlsafe(24)) for _ in range(2000)) > 1960
