"""Evidence that the audit log shows what was done to it, and that no loss of power breaks it or leaves an old key."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from firmware.trust.audit_check import GOES_ON, Check
from firmware.trust.audit_frame import MOST, frame_size, length_of, next_key, put
from firmware.trust.audit_store import SOUND, Chain
from hal import ports
from hal.compat import crc32
from simulator import audit
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.power import AFTER, BEFORE, REORDERED, TORN, WRITE, Cut, Operation, PowerLost
from tools.claims.audit_mutants import CHAINS, VERIFIERS
from tools.claims.registry import Outcome, Report, claim

KEY = bytes(range(100, 132))
AREA_BYTES = 1_024
_AREAS = (ports.AREA_AUDIT_A, ports.AREA_AUDIT_B)
_RECORDS = 40
_SOME = 10  # in the short run
_FRAGMENT = 6  # bytes of a key that may not be found
_LOOK_BACK = 6  # keys
_SHOWN = 20


# What is done to a log.


def honest_log(records: int) -> tuple[list[bytes], list[tuple[int, bytes]], bytes]:
    """Records made one after another, the head after each, and the key then in force."""
    log, heads, key, link = [], [(0, bytes(32))], KEY, bytes(32)
    frame = bytearray(MOST)
    for sequence in range(records):
        data = bytes((sequence * 7 + place) & 255 for place in range(sequence % 23))
        size = put(frame, sequence, 1 + sequence % 16, link, data, key)
        log.append(bytes(frame[:size]))
        link = audit.digest_of(frame, len(data))
        heads.append((sequence + 1, link))
        key = next_key(key)
    return log, heads, key


def mended(frame: bytes) -> bytes:
    """The frame with a checksum that holds, as an attacker leaves it."""
    length = length_of(frame)
    if length < 0 or frame_size(length) != len(frame):
        return frame
    end = audit.HEAD + 32 + length + 32
    return frame[:end] + struct.pack("<I", crc32(frame[:end])) + frame[end + 4 :]


def attacks(deep: bool) -> Iterator[tuple[str, int, list[bytes]]]:
    """What was done, to which record, and the log after it."""
    log, _, stolen = honest_log(_RECORDS if deep else _SOME)
    for sequence, frame in enumerate(log):
        for place in range(len(frame)):
            for bit in range(8) if deep else (place % 8,):
                changed = frame[:place] + bytes([frame[place] ^ 1 << bit]) + frame[place + 1 :]
                for forged in sorted({changed, mended(changed)} - {frame}):
                    yield "changed", sequence, [*log[:sequence], forged, *log[sequence + 1 :]]
        yield "cut", sequence, log[:sequence]
        if sequence < len(log) - 1:
            yield "dropped", sequence, log[:sequence] + log[sequence + 1 :]
            yield "swapped", sequence, [*log[:sequence], log[sequence + 1], frame, *log[sequence + 2 :]]
        yield "repeated", sequence, [*log[: sequence + 1], frame, *log[sequence + 1 :]]
        for key in (stolen, next_key(stolen), bytes(32)):  # what a thief can make of the key in force
            made = bytearray(MOST)
            size = put(made, sequence, 1, audit.link_of(frame), b"nothing happened", key)
            yield "forged in place", sequence, [*log[:sequence], bytes(made[:size]), *log[sequence + 1 :]]
            yield "forged beside", sequence, [*log[: sequence + 1], bytes(made[:size]), *log[sequence + 1 :]]


@claim(
    "audit-shows",
    "Whoever holds the first key of a pump's audit log, and its published head, finds each record that was changed, "
    "dropped, cut off, put elsewhere, repeated or forged, also by a thief of the key in force, and which it was.",
    mutants={name: partial(VERIFIERS.get, name) for name in VERIFIERS},
)
def audit_shows(deep: bool, subject: Callable[..., Any] | None, report: Report) -> Outcome:
    """Each byte of a log of 10 records changed (40, each bit, where `deep`), its checksum mended or not, and more."""
    verify = subject or audit.verify
    log, heads, _ = honest_log(_RECORDS if deep else _SOME)
    honest = verify(log, KEY, start=0, heads=heads)
    missed = [f"the honest log: {finding}" for finding in honest.findings]
    missed += [] if len(honest.records) == len(log) else ["the honest log: not all of its records"]
    tried = 0
    for what, sequence, after in attacks(deep):
        tried += 1
        findings = verify(after, KEY, start=0, heads=heads[-1:]).findings
        if not any(finding.sequence == sequence or finding.place == sequence for finding in findings):
            missed.append(f"record {sequence} {what}: {[str(finding) for finding in findings[:3]]}")
            if subject is not None:
                break
        if tried % 2_000 == 0:
            report(tried, 50_000)
    figure = f"{tried:,} manipulations, {len(missed)} not found in their place"
    return Outcome(not missed, figure, {"missed": missed[:_SHOWN]})


# Losses of power.


@dataclass
class Tally:
    """What came of some cuts."""

    cut: int = 0
    twice: int = 0
    stored: int = 0  # where the record of the moment was there afterwards
    findings: list[str] = field(default_factory=list)


def _store() -> SimFlash:
    return SimFlash(VirtualClock(), audit_bytes=AREA_BYTES)


def _content(store: SimFlash) -> list[bytes]:
    found = []
    for area in _AREAS:
        memory = bytearray(AREA_BYTES)
        store.read(area, 0, memory)
        found.append(bytes(memory))
    return found


def _with(content: list[bytes]) -> SimFlash:
    store = _store()
    for area, memory in zip(_AREAS, content, strict=True):
        store.load(area, memory)
    return store


def _payload(sequence: int) -> tuple[int, bytes]:
    return 1 + sequence % 16, bytes([sequence & 255]) * (sequence * 5 % 40)


def places(operation: Operation, rounds: int) -> Iterator[tuple[str, int]]:
    """Every way in which the power may go at an operation: where, byte."""
    yield BEFORE, 0
    for turn in range(rounds):
        if operation.kind == WRITE:
            for byte in range(operation.size):
                yield TORN, byte
            for again in range(6):
                yield REORDERED, (again + 1) * operation.size // 6 - 1
        else:
            yield TORN, turn * 512 % operation.size
    yield AFTER, 0


def _judge(tally: Tally, content: list[bytes], cut: Cut, again: Cut | None, make_chain: Any) -> str:
    """Lose power while a record is appended to what the store holds; what is wrong afterwards, or ''."""
    store = _with(content)
    chain = make_chain(store)
    chain.open()
    before = chain.sequence
    store.supply.arm(cut)
    try:
        chain.append(*_payload(before))
    except PowerLost:
        tally.cut += 1
    else:
        return "was never cut"
    if old_key(store, before):
        return "an older key is in the store at the cut"
    if again is not None:
        store.supply.arm(again)
        try:
            make_chain(store).open()
        except PowerLost:
            tally.twice += 1
    store.supply.arm()
    chain = make_chain(store)
    if chain.open() != SOUND:
        return f"state {chain.state:#x} after the boot"
    if chain.sequence not in (before, before + 1):
        return f"{before} records before, {chain.sequence} after"
    if old_key(store, chain.sequence):
        return "an older key is in the store after the boot"
    tally.stored += chain.sequence - before
    return _goes_on(store, chain)


def _goes_on(store: SimFlash, chain: Chain) -> str:
    for _ in range(3):
        if chain.append(*_payload(chain.sequence)) != ports.OK:
            return "the next record is not stored"
    check = Check(chain)
    verdict = check.step()
    while verdict == GOES_ON:
        verdict = check.step()
    if verdict != SOUND:
        return f"the check says {verdict:#x}"
    log = audit.read_log(store)
    found = audit.verify(log, KEY, heads=[(chain.sequence, bytes(chain.link))])
    if found.findings:
        return f"the verifier finds: {found.findings[0]}"
    for record in found.records:
        if (record.kind, record.data) != _payload(record.sequence):
            return f"record {record.sequence} is not what was appended"
    return "" if len(found.records) >= 3 else "records are gone"


_KEYS = [KEY]


def old_key(store: SimFlash, sequence: int) -> bool:
    """Whether the store holds a piece of a key from before record `sequence`."""
    while len(_KEYS) <= sequence:
        _KEYS.append(next_key(_KEYS[-1]))
    content = _content(store)
    for key in _KEYS[max(sequence - _LOOK_BACK, 0) : sequence]:
        for at in range(len(key) - _FRAGMENT + 1):
            piece = key[at : at + _FRAGMENT]
            if piece in content[0] or piece in content[1]:
                return True
    return False


def _cuts(records: int, rounds: int) -> Iterator[tuple[list[bytes], Cut, Cut | None]]:
    """For each of some records, what the store held before it, and every cut of it; a second one in every fourth."""
    store = _store()
    chain = Chain(store)
    chain.begin(KEY)
    seed = 0
    for _ in range(records):
        content = _content(store)
        log: list[Operation] = []
        store.supply.log = log
        chain = Chain(store)
        chain.open()
        begun = len(log)
        chain.append(*_payload(chain.sequence))
        for number, operation in enumerate(log[begun:], 1):
            for where, byte in places(operation, rounds):
                seed += 1
                again = Cut(1 + seed // 4 % 3, (TORN, AFTER, BEFORE)[seed % 3], seed * 13 % 48, seed)
                yield content, Cut(number, where, byte, seed), again if seed % 4 == 0 else None


@claim(
    "audit-power-cuts",
    "Power that goes at any byte of what an audit record writes, an erase included, once or twice: the chain goes on "
    "and verifies, every stored record is there, and no key from before the record in hand is in the store, not even "
    "in pieces.",
    mutants={name: partial(CHAINS.get, name) for name in CHAINS},
)
def audit_power_cuts(deep: bool, subject: Any, report: Report) -> Outcome:
    """Each operation of some records, torn at each byte, over areas soon full; a part of the cuts unless `deep`."""
    tally = Tally()
    records, rounds, every = (70, 3, 1) if deep else (14, 1, 3)
    for number, (content, cut, again) in enumerate(_cuts(records, rounds)):
        if number % every:
            continue
        wrong = _judge(tally, content, cut, again, subject or Chain)
        if wrong:
            tally.findings.append(f"{cut}: {wrong}")
            if subject is not None:
                break
        if number % 500 == 0:
            report(number, records * 210 * rounds)
    enough = tally.cut >= (20_000 if deep else 500) or subject is not None
    figure = f"{tally.cut:,} cut ({tally.twice:,} twice), {len(tally.findings)} wrong"
    data = {"cut": tally.cut, "twice": tally.twice, "stored": tally.stored, "findings": tally.findings[:_SHOWN]}
    return Outcome(enough and not tally.findings, figure, data)
