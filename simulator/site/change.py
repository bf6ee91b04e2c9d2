"""Replaces, revokes and wipes what a site was given. One that was broken off is made whole by making it again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.site import cards, certificates
from simulator.site.broker import write_config
from simulator.site.files import Site, SiteError, open_site, wipe_file, wipe_folder, write_private, writing
from simulator.site.keystore import Keys, seal, unseal
from simulator.site.make import AUDIT_KEY, HOSTS, add_secrets, read_about, read_passphrase, record_of, write_pump_files
from simulator.site.people import Operator, find, read_people, revoked, write_people

_BROKER_STEPS = "have the broker read its files again: restart it"


@dataclass
class Opened:
    """A site held for one change."""

    site: Site
    authority: Any
    keys: Keys
    people: list[Operator]
    about: dict[str, Any]


@contextmanager
def opened(folder: Path | str, passphrase: str | None) -> Iterator[Opened]:
    """Hold the site; what was changed is sealed and written when the block ends in order."""
    site = open_site(folder)
    with writing(site):
        phrase = read_passphrase(site, passphrase)
        one = Opened(
            site, certificates.Authority.load(site.ca_key, site.ca), unseal(site.keystore, phrase), read_people(site),
            read_about(site),
        )  # fmt: skip
        yield one
        seal(site.keystore, one.keys, phrase)
        write_people(site, one.people)
        write_config(site, one.about["port"])


def rotate(folder: Path | str, what: str, passphrase: str | None = None) -> str:
    """Replace the secrets of a pump, a client, an operator, `broker` or `recovery`; says what is left to do."""
    with opened(folder, passphrase) as one:
        kind = _kind(one, what)
        return _ROTATES[kind](one, what)


def revoke(folder: Path | str, what: str, passphrase: str | None = None) -> str:
    """Take a pump, a client or an operator out of use; says what is left to do."""
    with opened(folder, passphrase) as one:
        kind = _kind(one, what)
        if kind not in _REVOKES:
            raise SiteError(f"{what} cannot be revoked, only rotated: 'kvo provision rotate {folder} {what}'")
        return _REVOKES[kind](one, what)


def renew_record(folder: Path | str, pump_id: str, passphrase: str | None = None) -> Path:
    """Write a pump's credential record anew: the people and revocations of today, fresh salts. Its path."""
    with opened(folder, passphrase) as one:
        place = one.site.pump(pump_id)
        if one.keys.pumps[pump_id].revoked:
            raise SiteError(f"pump {pump_id} is revoked and gets no record; 'kvo provision rotate' brings it back")
        audit = one.keys.pumps[pump_id].audit
        if audit:
            write_private(place / AUDIT_KEY, audit)
        return _write_record(one, place, pump_id)


def wipe(folder: Path | str, what: str) -> str:
    """Wipe what need lie here no longer: `handed-over`, a pump's record (`record:PUMP`), or `site`, all of it."""
    site = open_site(folder)
    if what == "site":
        with writing(site):
            # The passphrase first: without it the sealed store is noise, whatever the disk remembers.
            if site.passphrase.exists():
                wipe_file(site.passphrase)
        return f"{wipe_folder(site.folder)} files wiped, and the site with them"
    with writing(site):
        if what == "handed-over":
            place = site.folder / "to-hand-over"
            return f"{wipe_folder(place) if place.is_dir() else 0} files wiped"
        kind, _, pump_id = what.partition(":")
        if kind == "record":
            path = site.pump(pump_id) / "record.cbor"
            if not path.exists():
                raise SiteError(f"{path}: is not here, so there is nothing to wipe; 'kvo provision record' makes one")
            wipe_file(path)
            audit_key = site.pump(pump_id) / AUDIT_KEY
            if audit_key.exists():
                wipe_file(audit_key)
            return f"the record of pump {pump_id} wiped; 'kvo provision record' makes another when it is needed"
    raise SiteError(f"{what!r} cannot be wiped; name handed-over, record:PUMP or site")


def _kind(one: Opened, what: str) -> str:
    if what in ("broker", "exporter", "recovery"):
        return what
    if what in one.site.pumps():
        return "pump"
    if what in one.site.clients():
        return "client"
    if any(what in (person.name, str(person.number)) for person in one.people):
        return "operator"
    people = [person.name for person in one.people]
    names = [*one.site.pumps(), *one.site.clients(), *people, "broker", "exporter", "recovery"]
    raise SiteError(f"{one.site.folder}: there is no {what!r} here; there are: {', '.join(names)}")


def _withdraw(one: Opened, folder: Path, stem: str = "client") -> None:
    certificate = certificates.read_certificate(folder / f"{stem}.crt")
    certificates.revoke(one.authority, one.site.crl, [certificate])


def _write_record(one: Opened, folder: Path, pump_id: str) -> Path:
    path = folder / "record.cbor"
    pump = one.keys.pumps[pump_id]
    write_private(path, record_of(one.site, pump_id, pump, one.people, one.keys, one.about["site"]))
    return path


def _rotate_pump(one: Opened, pump_id: str) -> str:
    folder = one.site.pump(pump_id)
    _withdraw(one, folder)
    pump = one.keys.pumps[pump_id]
    pump.key = secrets.token_bytes(32)
    pump.epoch += 1
    pump.revoked = False
    if pump.audit:
        pump.older.append(pump.audit)
    pump.audit = secrets.token_bytes(32)
    write_private(folder / AUDIT_KEY, pump.audit)
    write_pump_files(one.site, one.authority, pump_id)
    _write_record(one, folder, pump_id)
    return f"pump {pump_id}: new key, certificate and record, epoch {pump.epoch}; isolated, it takes them by 'kvo " \
           f"provision recover', else after a wipe by hand; and {_BROKER_STEPS}"


def _rotate_client(one: Opened, name: str) -> str:
    folder = one.site.client(name)
    _withdraw(one, folder)
    certificates.write_identity(folder, *certificates.issue(one.authority, name))
    return f"client {name}: new certificate; {_BROKER_STEPS}"


def _rotate_operator(one: Opened, name: str) -> str:
    person = find(one.people, name)
    if person.revoked:
        raise SiteError(f"operator {person.name} is revoked; their number stays out of use: add the person anew")
    add_secrets(one.site, one.keys, person)
    for pump_id in one.site.pumps():
        if not one.keys.pumps[pump_id].revoked:
            _write_record(one, one.site.pump(pump_id), pump_id)
    return f"operator {person.name}: new PIN, password and card in to-hand-over/; the pumps' records are made anew: " \
           "install them over each pump's local port"


def _rotate_broker(one: Opened, what: str) -> str:
    _withdraw(one, one.site.broker, "server")
    server = certificates.issue(
        one.authority, "localhost", server=True, hosts=HOSTS, days=certificates.SERVER_DAYS
    )
    certificates.write_identity(one.site.broker, *server, stem="server")
    return f"broker: new certificate; {_BROKER_STEPS}"


def _rotate_recovery(one: Opened, what: str) -> str:
    for number in cards.RECOVERY_CARDS:
        cards.make_recovery_card(one.site, number)
    return "both recovery cards are new, for pumps that are provisioned from now on; one that has keys is recovered " \
           "by the cards of its day: keep those too"


def _rotate_exporter(one: Opened, what: str) -> str:
    cards.make_exporter(one.site)
    return "exporter: new key; evidence that was taken before is verified by the old verifying/exporter.pub: keep it"


def _revoke_pump(one: Opened, pump_id: str) -> str:
    _withdraw(one, one.site.pump(pump_id))
    one.keys.pumps[pump_id].revoked = True
    return f"pump {pump_id}: its certificate is revoked and the key service gives no key for it; {_BROKER_STEPS}"


def _revoke_client(one: Opened, name: str) -> str:
    _withdraw(one, one.site.client(name))
    return f"client {name}: its certificate is revoked; {_BROKER_STEPS}"


def _revoke_operator(one: Opened, name: str) -> str:
    person = find(one.people, name)
    one.people = [revoked(other) if other.number == person.number else other for other in one.people]
    one.keys.operators.pop(person.number, None)
    (one.site.verifying() / f"card-{person.number}.pub").unlink(missing_ok=True)
    return f"operator {person.name}: gets no key from now on; send REVOKE to the pumps ('kvo provision record' makes " \
           "records without them), for the keys of this shift are still out"


_ROTATES: dict[str, Callable[[Opened, str], str]] = {
    "pump": _rotate_pump, "client": _rotate_client, "operator": _rotate_operator, "broker": _rotate_broker,
    "exporter": _rotate_exporter, "recovery": _rotate_recovery,
}  # fmt: skip
_REVOKES: dict[str, Callable[[Opened, str], str]] = {
    "pump": _revoke_pump, "client": _revoke_client, "operator": _revoke_operator,
}  # fmt: skip
