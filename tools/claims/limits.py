"""Evidence that no lock-out, rolling limit or hard limit is exceeded, whoever presses what."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from firmware.therapy import layout
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.therapy.bolus import Window
from firmware.therapy.delivery import Delivery
from firmware.therapy.prescribe import Prescriber
from hal import ports
from simulator.ideal import IdealPump
from tools.claims.dosing import UNITS_PER_UL, commanded_units
from tools.claims.registry import Outcome, Report, claim
from tools.claims.setups import becomes, programmed, started

_LIMITS: dict[str, Any] = {"window_s": 600, "window_hard_ul": 4_000, "lockout_lower_hard_s": 60, "upper_hard": 50_000}
_PCA = (
    (ports.FIELD_DOSE_MILLI, 6_000), (ports.FIELD_BOLUS_UL, 900), (ports.FIELD_BOLUS_UL_H, 400_000),
    (ports.FIELD_LOCKOUT_S, 60), (ports.FIELD_CLINICIAN_UL, 700), (ports.FIELD_CLINICIAN_S, 120),
)  # fmt: skip


class NeverLocksOut(Delivery):
    """A mutant: the lock-out is not begun."""

    __slots__ = ()

    def lock_out(self, key: int) -> None:
        return


class CountsNothing(Window):
    """A mutant: the rolling limit sees no volume."""

    __slots__ = ()

    def count(self, units: int) -> None:
        return


class NoHardLimit(Prescriber):
    """A mutant: doses are not held against the hard limit."""

    def check_dose(self, dose_milli: int) -> int:
        return msg.NONE


_BUTTONS = (
    ports.KEY_PATIENT_BOLUS, ports.KEY_PATIENT_BOLUS, ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS,
    ports.KEY_PAUSE, ports.KEY_START, ports.KEY_START, ports.KEY_STOP, ports.KEY_ACKNOWLEDGE,
)  # fmt: skip


class Watch:
    """Holds a pump against its limits by what it commands alone."""

    def __init__(self, pump: IdealPump) -> None:
        self._pump = pump
        self._granted_ms = -1
        self._bolus = 0
        self._was = pump.state  # what flowed in this tick was asked for in the last
        self._given = 0
        self._before = commanded_units(pump)
        self._past: deque[tuple[int, int]] = deque([(0, 0)])
        self.boluses = 0

    def look(self) -> str:
        """Return which limit this tick broke, or ''."""
        pump = self._pump
        ms = pump.board.clock.ms
        now = commanded_units(pump)
        was, self._was = self._was, pump.state
        if was != t.ST_KVO:  # KVO goes on past the limit, at a bounded rate
            self._given += max(now - self._before, 0)
        self._before = now
        self._past.append((ms, self._given))
        while self._past[0][0] < ms - _LIMITS["window_s"] * 1000:
            self._past.popleft()
        if self._given - self._past[0][1] > _LIMITS["window_hard_ul"] * UNITS_PER_UL:
            return "rolling limit exceeded"
        bolus = pump.status.bolus
        begins = bolus == ports.KEY_PATIENT_BOLUS and self._bolus != bolus
        self._bolus = bolus
        if not begins:
            return ""
        early = self._granted_ms >= 0 and ms - self._granted_ms < 60_000
        self._granted_ms = ms
        self.boluses += 1
        return "lock-out shortened" if early else ""


def presses(seed: int, ticks: int, weaken: Callable[[IdealPump], None] | None = None) -> tuple[str, int]:
    """A patient, nurses and children at the buttons of a PCA pump, for `ticks`."""
    random = Random(seed)
    pump = started(programmed(layout.MODE_PCA, *_PCA, **_LIMITS))
    if weaken:
        weaken(pump)
    watch = Watch(pump)
    for _ in range(ticks):
        if random.random() < 0.03:
            pump.board.keys.append((random.choice(_BUTTONS), 0))
        pump.tick(random.choice((100, 100, 100, 200, 700)))
        broken = watch.look()
        if broken:
            return broken, watch.boluses
    return "", watch.boluses


def hard_limit_holds(seed: int, prescriber: type[Prescriber] = Prescriber) -> str:
    """Any dose at the panel, to start or to titrate: refused past the limit, and never given."""
    random = Random(seed)
    dose = random.choice((random.randrange(1, 60_000), 49_999, 50_000, 50_001, 4_000_000_000))
    entries = ((ports.FIELD_DOSE_MILLI, dose), (ports.FIELD_VTBI_UL, 10_000_000))
    pump = programmed(layout.MODE_CONTINUOUS, *entries, weaken=_prescribing(prescriber), **_LIMITS)
    accepted = pump.status.message == msg.READY
    if accepted != (100 <= dose <= 50_000):
        return f"a dose of {dose} was {'accepted' if accepted else 'refused'}"
    if not accepted:
        return ""
    started(pump)
    for _ in range(4):
        asked = random.randrange(100, 70_000)
        pump.press(ports.KEY_FIELD + ports.FIELD_TITRATE_MILLI, asked)
        pump.press(ports.KEY_CONFIRM)
        pump.run(500)
        if pump.status.rate_ul_h > 50_000:
            return f"titrated to {pump.status.rate_ul_h} µL/h, past the hard limit"
        if asked <= 50_000 and pump.status.rate_ul_h != asked:
            return "a titration within the limits was not taken"
    return ""


def _prescribing(prescriber: type[Prescriber]) -> Callable[[IdealPump], None]:
    def weaken(pump: IdealPump) -> None:
        pump.app.programming.prescriber = prescriber

    return weaken


@claim(
    "limits",
    "Whatever is pressed, no patient bolus comes within its lock-out, no rolling window holds more than its limit, "
    "and no dose passes a hard limit.",
    mutants={
        "lock-out never begins": becomes("dose", NeverLocksOut),
        "the window counts nothing": becomes("dose.window", CountsNothing),
        "no hard limit": lambda: NoHardLimit,
    },
)
def limits(deep: bool, subject: Any, report: Report) -> Outcome:
    """Random button presses on a PCA pump; random doses at the panel."""
    findings: list[str] = []
    boluses = 0
    prescriber = subject if isinstance(subject, type) else Prescriber
    weaken = None if isinstance(subject, type) else subject
    runs = 60 if deep else 6
    for seed in range(runs):
        broken, given = presses(seed, 12_000, weaken)
        boluses += given
        findings += [broken] if broken else []
        report(seed, runs)
    doses = 2_000 if deep else 200
    findings += [wrong for seed in range(doses) if (wrong := hard_limit_holds(seed, prescriber))]
    figure = f"{boluses:,} boluses and {doses:,} doses, {len(findings)} past a limit"
    return Outcome(not findings and boluses > runs, figure, {"findings": findings[:5]})
