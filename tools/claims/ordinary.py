"""Evidence that nothing that people do at the bedside, in whatever order, makes a sound pump cut its motor power."""

from __future__ import annotations

from random import Random
from typing import Any

from firmware.therapy import layout
from firmware.therapy import tables as t
from firmware.therapy.guardian import Guardian
from hal import ports
from simulator.ideal import IdealPump
from tools.claims.registry import Outcome, Report, claim
from tools.claims.setups import OPEN_DRUG, open_library

DEEP_PUMPS, PUMPS = 2_000, 60
ACTS_EACH = 60
WAITS_MS = (0, 100, 300, 1_000, 4_000, 20_000)
KEYS = (
    ports.KEY_STOP, ports.KEY_START, ports.KEY_START, ports.KEY_PAUSE, ports.KEY_ACKNOWLEDGE, ports.KEY_AUDIO_PAUSE,
    ports.KEY_PATIENT_BOLUS, ports.KEY_CLINICIAN_BOLUS, ports.KEY_PRIME_ON, ports.KEY_PRIME_OFF, ports.KEY_CANCEL,
    ports.KEY_STANDBY, ports.KEY_CONFIRM, ports.KEY_MAINTENANCE_ON, ports.KEY_MAINTENANCE_OFF, ports.KEY_GLASS_ON,
    ports.KEY_GLASS_OFF,
)  # fmt: skip
_HIGHEST = 1_100_000


class LooksOnlyWhereItFlows(Guardian):
    """A mutant: a rate that a person changes while the pump is paused is found at the start, unasked."""

    __slots__ = ()

    def _see_rate(self, override_ul_h: int) -> None:
        if self._state != t.ST_PAUSED:
            super()._see_rate(override_ul_h)


class ForgetsKeys(Guardian):
    """A mutant: a key is good for the very tick alone."""

    __slots__ = ()

    def _listen(self, key: int, elapsed: int) -> None:
        self._asked_ms = 0
        super()._listen(key, elapsed)
        self._asked_ms = min(self._asked_ms, 100)


def _programme(pump: IdealPump, random: Random) -> None:
    """Enter a therapy: continuous, in steps, or on demand."""
    mode = random.choice((layout.MODE_CONTINUOUS, layout.MODE_STEPS, layout.MODE_PCA))
    dose = random.choice((100, 5_000, 90_000, _HIGHEST))
    entries = [(ports.FIELD_DRUG, OPEN_DRUG), (ports.FIELD_CARE_AREA, 1), (ports.FIELD_MODE, mode)]
    if mode == layout.MODE_STEPS:
        for _ in range(random.randint(1, 3)):
            entries += [(ports.FIELD_STEP_DOSE_MILLI, random.randint(100, dose)), (ports.FIELD_STEP_S, 30)]
    else:
        entries += [(ports.FIELD_DOSE_MILLI, dose), (ports.FIELD_VTBI_UL, random.choice((500, 50_000, 500_000)))]
    if random.random() < 0.6:
        entries += [(ports.FIELD_BOLUS_UL, random.randint(100, 2_000)), (ports.FIELD_LOCKOUT_S, random.choice((0, 20)))]
        entries += [(ports.FIELD_CLINICIAN_UL, random.randint(100, 2_000)), (ports.FIELD_CLINICIAN_S, 20)]
    pump.programme(entries)


def _act(pump: IdealPump, random: Random) -> str:
    """One thing that a person does; what it was."""
    drawn = random.random()
    if drawn < 0.08:
        _programme(pump, random)
        return "programme"
    if drawn < 0.3:
        dose = random.choice((random.randint(100, _HIGHEST), 1_000, 50_000))
        pump.press(ports.KEY_FIELD + ports.FIELD_TITRATE_MILLI, dose)
        pump.press(ports.KEY_CONFIRM)
        return f"titrate to {dose}"
    key = random.choice(KEYS)
    pump.press(key)
    return f"key {key}"


def one_pump(seed: int, make_guardian: type[Guardian] = Guardian) -> tuple[str, set[int]]:
    """What made a sound pump fail, or ''; and the states that it was in."""
    random = Random(f"ordinary/{seed}")
    library = open_library(policy=random.choice((0, 1, 2, 3)))
    pump = IdealPump(library=library, guardian=make_guardian(ports.HEAD_VOLUMETRIC))
    if random.random() < 0.5:
        pump.board.sensed.flags |= ports.RF_KEY_SWITCH
    _programme(pump, random)
    seen = set()
    done: list[str] = []
    for _ in range(ACTS_EACH):
        done.append(_act(pump, random))
        pump.run(random.choice(WAITS_MS))
        seen.add(pump.state)
        tripped = pump.app.therapy.guardian.tripped
        if tripped or pump.state == t.ST_FAILED:
            return f"pump {seed}: failed (guardian: {tripped}) after {', '.join(done[-4:])}", seen
    return "", seen


@claim(
    "ordinary-use",
    "Whatever people do at the bedside, in whatever order and at whatever pace (programmes, keys, boluses, titrations "
    "while it runs and while it is paused), a sound pump never doubts itself and never cuts its motor power.",
    mutants={
        "a guardian that looks at rates only where it flows": lambda: LooksOnlyWhereItFlows,
        "a guardian that forgets a key at once": lambda: ForgetsKeys,
    },
)
def ordinary_use(deep: bool, subject: Any, report: Report) -> Outcome:
    """Pumps without a fault, each with its own random history."""
    count = DEEP_PUMPS if deep else PUMPS
    states: set[int] = set()
    findings: list[str] = []
    for seed in range(count):
        finding, seen = one_pump(seed, subject or Guardian)
        states |= seen
        if finding:
            findings.append(finding)
            if subject is not None:
                break
        report(seed + 1, count)
    figure = f"{count} pumps, {count * ACTS_EACH:,} acts, {len(states)} states, {len(findings)} failed"
    data = {"pumps": count, "acts": count * ACTS_EACH, "states": sorted(states), "findings": findings[:10]}
    return Outcome(not findings, figure, data)
