"""Makes a site, and adds to it: authority, broker, pumps, clients, operators, cards."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from simulator.site import cards, certificates
from simulator.site.broker import write_config
from simulator.site.files import NAME, Site, SiteError, make_folder, open_site, write_private, writing
from simulator.site.keystore import Keys, OperatorEntry, PumpEntry, derive, seal, unseal
from simulator.site.people import ROLES, Operator, new_pin, parse_operator, read_people, unique, write_people
from simulator.site.records import EPOCH_2020, PIN_DIGITS, make_record

PORT = 8883
AUDIT_KEY = "audit.key"  # in a pump's folder, until it is installed: the first key of its audit log
HOSTS = ("localhost", "127.0.0.1")
CLIENTS = ("gateway", "terminal-1")
_MOST_PUMPS = 500
_PASSWORD_BYTES = 12


def make_site(
    folder: Path | str, pumps: int = 2, operators: Sequence[Operator] = (), clients: Iterable[str] = CLIENTS,
    port: int = PORT, passphrase: str | None = None,
) -> Site:
    """Make a site in `folder`, which must not exist. All at once: where anything fails, nothing is left.

    Without `passphrase` one is made and lies in the site's keystore/passphrase, to be taken elsewhere.
    SiteError where something is refused.
    """
    folder = Path(folder).absolute()
    if folder.exists() or folder.is_symlink():
        raise SiteError(f"{folder}: is there already and is not written over; 'kvo provision add {folder} --pumps 1' "
                        "adds to a site, 'kvo provision wipe' ends one")  # fmt: skip
    if not 0 <= pumps <= _MOST_PUMPS:
        raise SiteError(f"{pumps} pumps are not possible; a site has 0 to {_MOST_PUMPS}")
    if not 1 <= port <= 65535:
        raise SiteError(f"port {port} is not possible; take one of 1 … 65535")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Site(folder.with_name(f".{folder.name}.{secrets.token_hex(4)}"))
    make_folder(partial.folder)
    try:
        _fill(partial, folder.name, pumps, unique(list(operators)), clients, port, passphrase)
        # The configuration names files by where they will be.
        os.rename(partial.folder, folder)
        site = Site(folder)
        write_config(site, port)
    except BaseException:
        shutil.rmtree(partial.folder, ignore_errors=True)
        raise
    return site


def _fill(
    site: Site, name: str, pumps: int, operators: list[Operator], clients: Iterable[str], port: int,
    passphrase: str | None,
) -> None:
    authority = certificates.make_authority(f"KVO site {name}")
    certificates.write_identity(site.folder / "ca", authority.key, authority.certificate, "ca")
    certificates.revoke(authority, site.crl, [])
    server = certificates.issue(authority, "localhost", server=True, hosts=HOSTS, days=certificates.SERVER_DAYS)
    certificates.write_identity(site.broker, *server, stem="server")
    for client in clients:
        _add_client(site, authority, client)
    if passphrase is None:
        passphrase = secrets.token_urlsafe(24)
        write_private(site.passphrase, passphrase + "\n")
    keys = Keys()
    for one in operators:
        add_secrets(site, keys, one)
    write_people(site, operators)
    for number in (1, 2):
        cards.make_recovery_card(site, number)
    cards.make_exporter(site)
    about = {"version": 1, "site": name, "host": "localhost", "port": port, "made": _today()}
    write_private(site.about, yaml.safe_dump(about, sort_keys=False))
    for _ in range(pumps):
        _add_pump(site, authority, keys, operators, name)
    seal(site.keystore, keys, passphrase)


def add_to_site(
    folder: Path | str, pumps: int = 0, operators: Sequence[str] = (), clients: Sequence[str] = (),
    passphrase: str | None = None,
) -> tuple[list[str], list[Operator]]:
    """Add pumps, operators (`NAME:ROLE`) and clients; what is there already stays as it is. The new pumps and people.

    A new operator is known to the pumps that are made afterwards; others get new records by `renew_record`.
    """
    site = open_site(folder)
    with writing(site):
        authority = certificates.Authority.load(site.ca_key, site.ca)
        passphrase = read_passphrase(site, passphrase)
        keys = unseal(site.keystore, passphrase)
        people = read_people(site)
        highest = max((one.number for one in people), default=0)
        fresh = [parse_operator(text, highest + place + 1) for place, text in enumerate(operators)]
        people = unique([*people, *fresh])
        if len(site.pumps()) + pumps > _MOST_PUMPS or pumps < 0:
            raise SiteError(f"{pumps} pumps more are not possible; a site has at most {_MOST_PUMPS}")
        for client in clients:
            if client not in site.clients():
                _add_client(site, authority, client)
        for one in fresh:
            add_secrets(site, keys, one)
        about = read_about(site)
        made = [_add_pump(site, authority, keys, people, about["site"]) for _ in range(pumps)]
        seal(site.keystore, keys, passphrase)
        write_people(site, people)
        write_config(site, about["port"])
    return made, fresh


def read_about(site: Site) -> dict[str, Any]:
    """What site.yaml says; SiteError where it is not what was written."""
    try:
        about = yaml.safe_load(site.about.read_text(encoding="utf-8"))
        return {"site": str(about["site"]), "host": str(about["host"]), "port": int(about["port"])}
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as wrong:
        raise SiteError(f"{site.about}: cannot be read ({wrong}); restore the file") from None


def read_passphrase(site: Site, given: str | None) -> str:
    """The passphrase that was given, else the one that lies in the site; SiteError where there is none."""
    if given is not None:
        return given
    try:
        return site.passphrase.read_text(encoding="utf-8").rstrip("\n")
    except OSError:
        raise SiteError(f"{site.passphrase}: the passphrase does not lie here; name its file with --passphrase-file") \
            from None


def record_of(
    site: Site, pump_id: str, pump: PumpEntry, people: Iterable[Operator], keys: Keys, name: str,
    now_s: int | None = None,
) -> bytes:
    """A fresh credential record for one pump: new salts, the people and cards of today."""
    people = list(people)
    known = [
        (one.number, ROLES[one.role], keys.operators[one.number].pin, cards.public_key(site, one.number))
        for one in people
        if not one.revoked and one.number in keys.operators
    ]
    revoked = [one.number for one in people if one.revoked]
    now = int(time.time()) - EPOCH_2020 if now_s is None else now_s
    return make_record(bytes.fromhex(pump_id), pump.key, pump.epoch, known, revoked, name, now)


def _add_pump(site: Site, authority: Any, keys: Keys, people: list[Operator], name: str) -> str:
    pump_id = secrets.token_hex(8)
    while pump_id in keys.pumps:
        pump_id = secrets.token_hex(8)
    pump = PumpEntry(secrets.token_bytes(32), audit=secrets.token_bytes(32))
    folder = write_pump_files(site, authority, pump_id)
    write_private(folder / "record.cbor", record_of(site, pump_id, pump, people, keys, name))
    write_private(folder / AUDIT_KEY, pump.audit)
    keys.pumps[pump_id] = pump
    return pump_id


def write_pump_files(site: Site, authority: Any, pump_id: str) -> Path:
    """Give a pump a fresh key and certificate for the broker, in PEM and in DER; its folder."""
    folder = site.folder / "pumps" / pump_id
    certificates.write_identity(folder, *certificates.issue(authority, pump_id), der=True)
    write_private(folder / "ca.crt.der", certificates.to_der(authority.certificate))
    return folder


def _add_client(site: Site, authority: Any, name: str) -> None:
    if not NAME.fullmatch(name):
        raise SiteError(f"{name!r} can be no client's name; take letters, digits and '-', for example terminal-2")
    folder = site.folder / "clients" / name
    certificates.write_identity(folder, *certificates.issue(authority, name))
    write_private(folder / "ca.crt", site.ca.read_bytes())


def add_secrets(site: Site, keys: Keys, one: Operator) -> None:
    """A PIN, a password and a card for a person, kept in the store and written once to be handed over."""
    pin = new_pin(PIN_DIGITS)
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    salt = secrets.token_bytes(16)
    keys.operators[one.number] = OperatorEntry(pin, salt, derive(password, salt))
    hand = f"For {one.name} ({one.role}), number {one.number}. Hand over, then wipe this file.\nPIN at the bedside: " \
           f"{pin}\nPassword for terminals: {password}\n"
    write_private(site.folder / "to-hand-over" / f"{one.number}.txt", hand)
    cards.make_card(site, one.number)


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")
