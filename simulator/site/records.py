"""The credential record that a pump is given over its local port, and the bytes in it.

A record is deterministic CBOR (RFC 8949) of at most 3,072 bytes: who the pump is, its key, the key
epoch, who is revoked, and whom it knows at the bedside, by PIN and by card. Nothing in it that is secret is
the same on two pumps.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from firmware.trust.cbor import encode
from firmware.trust.credentials import MAX_PEOPLE, MAX_RECORD, MAX_REVOKED, VERSION
from firmware.trust.mac import pbkdf2
from simulator.site.files import SiteError

LARGEST = MAX_RECORD
MOST_PEOPLE = MAX_PEOPLE
MOST_REVOKED = MAX_REVOKED
# A Pico does some 2,300 a second, in slices; more would make people wait.
PIN_ITERATIONS = 2000
PIN_DIGITS = 6
EPOCH_2020 = 1_577_836_800  # 2020-01-01T00:00:00Z in Unix seconds


def person(number: int, role: int, pin: str, card: bytes = b"", iterations: int = PIN_ITERATIONS) -> list[object]:
    """One entry of a record: the verifier of `pin` (ASCII digits) under a salt of its own, and a card's public key."""
    salt = os.urandom(16)
    return [number, role, salt, pbkdf2(pin.encode(), salt, iterations), iterations, card]


def make_record(
    pump_id: bytes, pump_key: bytes, epoch: int, people: Iterable[tuple[int, int, str, bytes]], revoked: Iterable[int],
    site: str, now_s: int,
) -> bytes:
    """The record's bytes. `people`: number, role, PIN, the card's public key or b"".

    `now_s`: seconds since 2020, where the pump's time begins.

    SiteError where there are more people, or revoked ones, than a pump takes.
    """
    entries = [person(*one) for one in people]
    revoked = sorted(revoked)
    if len(entries) > MOST_PEOPLE or len(revoked) > MOST_REVOKED:
        raise SiteError(
            f"a pump knows {MOST_PEOPLE} people at the bedside and {MOST_REVOKED} revoked ones, and here are "
            f"{len(entries)} and {len(revoked)}; make a site for each ward, or raise the epoch ('kvo provision rotate')"
        )
    record = encode({
        1: VERSION, 2: pump_id, 3: pump_key, 4: epoch, 5: revoked, 6: entries, 7: site, 8: now_s,
    })  # fmt: skip
    if len(record) > LARGEST:
        raise SiteError(f"the pump's record would have {len(record)} bytes, more than {LARGEST}; name the site shorter")
    return record
