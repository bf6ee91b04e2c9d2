"""What a STATUS and an ALARMS fact say, with names."""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass
from typing import Any

from firmware.therapy.alarms import TRUST_BASE
from firmware.therapy.tables import DELIVERY_NAMES, TRUST_NAMES
from firmware.trust import speaker as sp
from firmware.trust import wave
from simulator.names import ALARMS, MESSAGES, PRIORITIES
from simulator.trust_client import Fact

_BOOT_BITS = 32
_SLACK_S = 1  # pump seconds are whole ones


def _name(names: tuple[str, ...], place: int) -> str:
    return names[place] if 0 <= place < len(names) else f"state {place}"


@dataclass(frozen=True)
class Status:
    """A STATUS. rate_ul_h, delivered_ul, vtbi_left_ul (−1: no limit); offered_milli −1: nothing asked for from afar.

    site_s: site time as the pump knows it, −1: it does not. counter, pump_s: of the fact.
    """

    delivery: str
    trust: str
    rate_ul_h: int
    delivered_ul: int
    vtbi_left_ul: int
    drug: int
    message: int
    offered_milli: int
    operator: int
    site_s: int
    challenge: bytes
    counter: int
    pump_s: int

    @classmethod
    def of(cls, fact: Fact) -> Status:
        """What a STATUS fact says."""
        body = fact.body
        return cls(
            _name(DELIVERY_NAMES, body[sp.ST_DELIVERY]), _name(TRUST_NAMES, body[sp.ST_TRUST]),
            body[sp.ST_RATE_UL_H], body[sp.ST_DELIVERED_UL], body[sp.ST_VTBI_UL], body[sp.ST_DRUG],
            body[sp.ST_MESSAGE], body[sp.ST_OFFERED_MILLI], body[sp.ST_OPERATOR], body[sp.ST_SITE_S],
            body[sp.ST_CHALLENGE], fact.counter, fact.pump_s,
        )  # fmt: skip

    def is_as_new_as(self, fact: Fact) -> bool:
        """Whether it was made in the boot of `fact`, and not before it."""
        return self.counter >> _BOOT_BITS == fact.counter >> _BOOT_BITS and self.pump_s >= fact.pump_s - _SLACK_S

    @property
    def says(self) -> str:
        """What the display answers."""
        return MESSAGES.get(self.message, f"message {self.message}")

    def as_json(self) -> dict[str, Any]:
        """For --json and the event log."""
        return {**asdict(self), "challenge": self.challenge.hex(), "says": self.says}


@dataclass(frozen=True)
class Alarms:
    """An ALARMS: every alarm that is shown, by name; the one shown first and its priority."""

    shown: tuple[str, ...]
    first: str
    priority: str

    @classmethod
    def of(cls, fact: Fact) -> Alarms:
        """What an ALARMS fact says."""
        therapy, trust, first, priority = (fact.body[key] for key in range(1, 5))
        return cls(tuple(alarms_of(therapy, trust)), alarm_name(first) if priority else "",
                   _name(PRIORITIES, priority))  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """For --json and the event log."""
        return {"shown": list(self.shown), "first": self.first, "priority": self.priority}


@dataclass(frozen=True)
class Staged:
    """A STAGED: what was announced to the pump, and how it stands there: NOTHING … SPOILT of firmware/trust/staging.py.

    length, have: bytes announced, and there without a gap.
    """

    state: int
    length: int
    have: int
    digest: bytes

    @classmethod
    def of(cls, fact: Fact) -> Staged:
        """What a STAGED fact says."""
        return cls(*(fact.body[key] for key in range(1, 5)))


@dataclass(frozen=True)
class Waveform:
    """A piece of the waveform, a sample each `sample_ms`: line pressure in mmHg, steps of the drive since the one
    before. pump_s: when it was told, which is when its last sample was taken.
    """

    pump_s: int
    sample_ms: int
    pressure_mmhg: tuple[int, ...]
    steps: tuple[int, ...]

    @classmethod
    def of(cls, fact: Fact) -> Waveform:
        """What a WAVE fact says; ValueError where its samples are none."""
        pressure, steps = fact.body[wave.WV_PRESSURE], fact.body[wave.WV_STEPS]
        if len(pressure) != len(steps) or len(pressure) % 2 or not pressure:
            raise ValueError(f"a piece of the waveform has {len(pressure)} and {len(steps)} bytes")
        layout = f"<{len(pressure) // 2}h"
        return cls(fact.pump_s, fact.body[wave.WV_SAMPLE_MS], struct.unpack(layout, pressure),
                   struct.unpack(layout, steps))  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {**asdict(self), "pressure_mmhg": list(self.pressure_mmhg), "steps": list(self.steps)}


def alarms_of(therapy: int, trust: int) -> list[str]:
    """Names of the alarms in both masks."""
    codes = [code for code in range(therapy.bit_length()) if therapy >> code & 1]
    codes += [TRUST_BASE + code for code in range(trust.bit_length()) if trust >> code & 1]
    return [alarm_name(code) for code in codes]


def alarm_name(code: int) -> str:
    """An alarm's name; its number where there is none."""
    return ALARMS.get(code, f"alarm {code}")
