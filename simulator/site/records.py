"""The credential record that a pump is given over its local port, and the bytes in it.

A record is deterministic CBOR (RFC 8949) of at most 2,048 bytes: who the pump is, its key, the key
epoch, who is revoked, and whom it knows at the bedside by PIN. Nothing in it is the same on two pumps.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from firmware.trust.cbor import encode
from firmware.trust.mac import pbkdf2
from simulator.site.files import SiteError

VERSION = 1
LARGEST = 2048
MOST_PEOPLE = 24
MOST_REVOKED = 64
# A Pico does some 2,300 a second, in slices; more would make people wait.
PIN_ITERATIONS = 2000
PIN_DIGITS = 6
EPOCH_2020 = 1_577_836_800  # 2020-01-01T00:00:00Z in Unix seconds


def person(number: int, role: int, pin: str, iterations: int = PIN_ITERATIONS) -> list[object]:
    """One entry of a record: the verifier of `pin` (ASCII digits) under a salt of its own."""
    salt = os.urandom(16)
    return [number, role, salt, pbkdf2(pin.encode(), salt, iterations), iterations]


def make_record(
    pump_id: bytes, pump_key: bytes, epoch: int, people: Iterable[tuple[int, int, str]], revoked: Iterable[int],
    site: str, now_s: int,
) -> bytes:
    """The record's bytes. `people`: number, role, PIN; `now_s`: seconds since 2020, where the pump's time begins.

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
