"""One forgery on a fresh pump, and the same run without it: what it came to, and what it left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from firmware.therapy import layout
from firmware.trust.credentials import Record
from firmware.trust.gatekeeper import Gatekeeper
from hal import ports
from simulator.asked import NOW_S, NURSE, OPEN_DOSES, Asked, AskedPump, AskedWorld, Doses, people
from simulator.files.programme import find_programme, load_programme
from simulator.trust_client import make_record
from tools.claims.forgery_cases import REVOKED, Case
from tools.claims.setups import OPEN_DRUG, open_library

# When a person confirms whatever waits, and when the run ends. By then everything else has been done.
CONFIRMED_MS = 45_000
END_MS = 55_000
SOFT_MILLI = 50_000
WORLD_DOSES = Doses(100, 150, 300, 2_000)  # of the programme below, in thousandths of µg/kg/min
_PROGRAMME = "norepinephrine-8h"
_ENTRIES = (
    (ports.FIELD_DRUG, OPEN_DRUG), (ports.FIELD_CARE_AREA, 1), (ports.FIELD_MODE, layout.MODE_CONTINUOUS),
    (ports.FIELD_DOSE_MILLI, OPEN_DOSES.base), (ports.FIELD_VTBI_UL, 100_000),
)  # fmt: skip
Make = Callable[..., Any]


class Noted:
    """An audit that keeps what it is told."""

    def __init__(self) -> None:
        self.codes: list[int] = []

    def note(self, code: int, request: Any, times: int) -> None:
        """Keep the code."""
        self.codes.append(code)

    def step(self, may_erase: bool) -> None:
        """Nothing waits."""

    def holds(self) -> bool:
        """It does."""
        return True


@dataclass
class Seen:
    """What a run left. code: of the forgery's acknowledgement, None without one; trust: once it was judged."""

    therapy: str
    code: int | None = None
    trust: int = 0
    noted: list[int] = field(default_factory=list)
    counted: int = 0


def credentials() -> Record:
    """The pump's: epoch 3, one operator revoked."""
    return make_record(1, people(), epoch=3, revoked=(REVOKED,))


def infusing(make: Make = Gatekeeper) -> tuple[AskedPump, Noted]:
    """A pump that infuses what a nurse, logged in, has programmed; and its audit. `make(board, audit)`: who judges."""
    audit = Noted()
    library = open_library(upper_soft=SOFT_MILLI, policy=layout.POLICY_SUSTAIN)
    pump = AskedPump(credentials(), library, make_gatekeeper=lambda board: make(board, audit))
    pump.log_in(NURSE)
    pump.programme(list(_ENTRIES))
    pump.press(ports.KEY_START)
    pump.run(500)
    return pump, audit


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


def on_pump(case: Case, make: Make, forge: bool) -> Seen:
    """One run on an ideal pump."""
    pump, audit = infusing(make)
    clock = pump.board.clock
    code, _ = play(pump, case, forge, lambda: clock.ms)
    noted = audit.codes
    return Seen(pump.trace.digest()["therapy"], code, pump.status.trust, noted, pump.gatekeeper.tally.counts[case.code])


def in_home(case: Case, home: str, forge: bool) -> Seen:
    """One run of a whole World in a home."""
    pump = in_world(home)
    try:
        code, _ = play(pump, case, forge, lambda: pump.world.clock.ms)
        return Seen(pump.world.trace.digest()["therapy"], code, pump.world.status.trust)
    finally:
        pump.close()
