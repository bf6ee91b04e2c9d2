"""One forgery on a fresh pump, and the same run without it: what it came to, and what it left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from firmware.main import audit_for
from firmware.therapy import layout
from firmware.trust import audit as kinds
from firmware.trust import facts as f
from firmware.trust import verdict as v
from firmware.trust.credentials import Record
from firmware.trust.gatekeeper import Gatekeeper
from hal import ports
from simulator import audit
from simulator.asked import NOW_S, NURSE, OPEN_DOSES, Asked, AskedPump, AskedWorld, Doses, people
from simulator.audit_records import decode
from simulator.files.programme import find_programme, load_programme
from simulator.trust_client import make_record
from tools.claims.forgery_cases import REVOKED, Case
from tools.claims.setups import OPEN_DRUG, open_library

# When a person confirms whatever waits, and when the run ends. By then everything else has been done.
CONFIRMED_MS = 45_000
END_MS = 55_000
HEADED_MS = 15_000  # until what was noted last is in the head that is published
SOFT_MILLI = 50_000
WORLD_DOSES = Doses(100, 150, 300, 2_000)  # of the programme below, in thousandths of µg/kg/min
_PROGRAMME = "norepinephrine-8h"
_ENTRIES = (
    (ports.FIELD_DRUG, OPEN_DRUG), (ports.FIELD_CARE_AREA, 1), (ports.FIELD_MODE, layout.MODE_CONTINUOUS),
    (ports.FIELD_DOSE_MILLI, OPEN_DOSES.base), (ports.FIELD_VTBI_UL, 100_000),
)  # fmt: skip
Make = Callable[..., Any]


@dataclass
class Seen:
    """What a run left. code: of the forgery's acknowledgement, None without one; trust: once it was judged.

    noted: refusals by code that the stored audit tells of since the last boot; counted: what the pump counted;
    findings: what is wrong with the chain, as whoever holds its first key and the published head finds.
    """

    therapy: str
    code: int | None = None
    trust: int = 0
    noted: dict[int, int] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def credentials() -> Record:
    """The pump's: epoch 3, one operator revoked."""
    return make_record(1, people(), epoch=3, revoked=(REVOKED,))


def infusing(make: Make = Gatekeeper, make_audit: Callable[[Any], Any] = audit_for) -> AskedPump:
    """A pump that infuses what a nurse, logged in, has programmed. `make(board, audit)`: who judges."""
    library = open_library(upper_soft=SOFT_MILLI, policy=layout.POLICY_SUSTAIN)
    pump = AskedPump(credentials(), library, make_gatekeeper=lambda board: make(board, make_audit(board.store)))
    pump.log_in(NURSE)
    pump.programme(list(_ENTRIES))
    pump.press(ports.KEY_START)
    pump.run(500)
    return pump


def in_world(home: str) -> AskedWorld:
    """A shipped programme in its world, in any home, told the time."""
    pump = AskedWorld(load_programme(find_programme(_PROGRAMME)), WORLD_DOSES, home, credentials())
    pump.run(20_000)
    pump.tell_time(NOW_S)
    return pump


def play(pump: Asked, case: Case, forge: bool, ms: Callable[[], int]) -> tuple[int | None, bytes]:
    """Do what is honest, then the forgery, if any; then a person confirms twice, whatever waits. `ms()`: time now."""
    kept = case.before(pump)
    message = case.make(pump, kept)
    code = pump.send(message) if forge else None
    pump.run(CONFIRMED_MS - ms())
    for _ in range(2):
        pump.press(ports.KEY_CONFIRM)
        pump.run(500)
    pump.run(END_MS - ms())
    return code, message


def on_pump(case: Case, make: Make, forge: bool, make_audit: Callable[[Any], Any] = audit_for) -> Seen:
    """One run on an ideal pump, and the audit log that it left in its store."""
    pump = infusing(make, make_audit)
    clock = pump.board.clock
    code, _ = play(pump, case, forge, lambda: clock.ms)
    therapy, trust = pump.trace.digest()["therapy"], pump.status.trust
    tally = pump.gatekeeper.tally.counts
    counted = {code: tally[code] for code in range(1, v.CODES) if tally[code]}
    pump.run(HEADED_MS)
    noted, findings = read_audit(pump)
    return Seen(therapy, code, trust, noted, counted, findings)


def read_audit(pump: AskedPump) -> tuple[dict[int, int], list[str]]:
    """Refusals by code since the last boot, out of the pump's store, and what is wrong with its chain."""
    heads = [(fact.body[1], fact.body[2]) for fact in pump.reader.facts if fact.kind == f.HEAD]
    log = audit.verify(audit.read_log(pump.board.store), audit.first_key(pump.record), start=0, heads=heads)
    findings = [str(finding) for finding in log.findings]
    noted: Counter[int] = Counter()
    for entry in map(decode, log.records):
        if entry.kind == kinds.AUDIT_BOOT:
            noted.clear()
        elif entry.kind == kinds.AUDIT_REFUSED:
            noted[entry.values["code"]] += entry.values["times"]
    if not heads or heads[-1][0] != len(log.records):
        findings.append(f"{len(log.records)} records, and the published head is another")
    return dict(noted), findings


def in_home(case: Case, home: str, forge: bool) -> Seen:
    """One run of a whole World in a home."""
    pump = in_world(home)
    try:
        code, _ = play(pump, case, forge, lambda: pump.world.clock.ms)
        return Seen(pump.world.trace.digest()["therapy"], code, pump.world.status.trust)
    finally:
        pump.close()
