"""Measures lamp and sound from samples, and holds them against IEC 60601-1-8.

The figures are written down here by hand from the standard as quoted in docs/references.md; nothing
is read from the firmware. A sample is what `Status` says at one tick.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise

from hal import ports

SAMPLE_MS = 100
_PAUSE_BETWEEN_BURSTS_MS = 2_000  # longer than any rest inside one
_NOTES = {262: "c", 294: "d", 330: "e", 392: "g", 523: "C"}  # equal temperament, nearest Hz


@dataclass(frozen=True)
class Expected:
    """What the standard allows one priority. Frequencies in mHz, times in ms, shares in per cent."""

    lamp: int
    flash_mhz: tuple[int, int] | None  # None: constant
    melody: str  # one letter a pulse
    pulse_ms: tuple[int, int]
    between_bursts_ms: tuple[int, int]


DUTY_PCT = (20, 60)
EXPECTED = {
    3: Expected(ports.LAMP_RED, (1_400, 2_800), "CdgCdCdgCd", (75, 200), (2_500, 15_000)),
    2: Expected(ports.LAMP_YELLOW, (400, 800), "Cdg", (125, 250), (2_500, 30_000)),
    1: Expected(ports.LAMP_CYAN, None, "ec", (125, 250), (15_000, 1 << 30)),
}


@dataclass(frozen=True)
class Run:
    """A stretch of equal samples."""

    value: int
    start_ms: int
    ms: int


def runs(samples: list[int]) -> list[Run]:
    """Stretches of equal samples, in order."""
    found = []
    start = 0
    for value, group in groupby(samples):
        count = sum(1 for _ in group)
        found.append(Run(value, start * SAMPLE_MS, count * SAMPLE_MS))
        start += count
    return found


def lamp_faults(priority: int, samples: list[int]) -> list[str]:
    """What is wrong with a lamp that shows `priority` in all samples: colour, frequency, share lit."""
    expected = EXPECTED[priority]
    wrong = sorted(set(samples) - {expected.lamp, ports.LAMP_DARK})
    if wrong:
        return [f"priority {priority}: colours {wrong}"]
    found = runs(samples)
    if expected.flash_mhz is None:
        return [] if len(found) == 1 and found[0].value else [f"priority {priority}: the lamp is not constant"]
    faults = []
    starts = [run.start_ms for run in found if run.value]
    if len(starts) < 3:
        return [f"priority {priority}: the lamp does not flash"]
    for first, second in pairwise(starts):
        period = second - first
        lit = sum(run.ms for run in found if run.value and first <= run.start_ms < second)
        if not expected.flash_mhz[0] <= 1_000_000 // period <= expected.flash_mhz[1]:
            faults.append(f"priority {priority}: a flash every {period} ms")
        if not DUTY_PCT[0] <= 100 * lit // period <= DUTY_PCT[1]:
            faults.append(f"priority {priority}: lit {lit} of {period} ms")
    return sorted(set(faults))


def bursts(samples: list[int]) -> list[list[Run]]:
    """Pulses, grouped by the long rests between them."""
    groups: list[list[Run]] = []
    for run in runs(samples):
        if not run.value:
            continue
        if groups and run.start_ms - groups[-1][-1].start_ms - groups[-1][-1].ms < _PAUSE_BETWEEN_BURSTS_MS:
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def sound_faults(priority: int, samples: list[int], first: int = 0) -> list[str]:
    """What is wrong with a sounder that plays `priority` in all samples: notes, pulses, rests.

    The last burst may be cut off by the samples' end; so may the first where `first` is 1.
    """
    expected = EXPECTED[priority]
    groups = bursts(samples)
    if len(groups) < 2:
        return [f"priority {priority}: {len(groups)} bursts in {len(samples) * SAMPLE_MS // 1000} s"]
    faults = []
    for group in groups[first:-1]:
        notes = "".join(_NOTES.get(pulse.value, "?") for pulse in group)
        if notes != expected.melody:
            faults.append(f"priority {priority}: plays {notes}, not {expected.melody}")
        off = [pulse.ms for pulse in group if not expected.pulse_ms[0] <= pulse.ms <= expected.pulse_ms[1]]
        if off:
            faults.append(f"priority {priority}: pulses of {sorted(set(off))} ms")
    for before, after in pairwise(groups):
        rest = after[0].start_ms - before[-1].start_ms - before[-1].ms
        if not expected.between_bursts_ms[0] <= rest <= expected.between_bursts_ms[1]:
            faults.append(f"priority {priority}: {rest} ms between two bursts")
    return sorted(set(faults))
