"""Reads the alarms back from their records: what is shown, what holds, what has risen, what is silent."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from random import Random
from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy import records as rec
from firmware.therapy.alarm_log import AlarmLog
from firmware.therapy.bolus import BUCKETS
from hal import ports

_CODES = [*range(al.THERAPY_CODES), *range(al.TRUST_BASE, al.TRUST_BASE + al.TRUST_CODES)]
_TICK_MS = 100


@dataclass
class Replay:
    """The alarms as far as the log tells."""

    therapy: int = 0
    trust: int = 0
    top: int = al.NONE
    gone: int = 0
    gone_trust: int = 0
    risen: int = 0
    silent: bool = False
    acknowledged: int = 0
    paused: int = 0
    lost: int = 0
    began: int = 0  # therapy alarms that were shown at some time

    def take(self, record: bytes) -> None:
        """Read one record; kinds that are not about alarms are passed over."""
        _, kind, _, _, _, _, a, b, c = struct.unpack_from("<IBBBBIiii", record)
        if kind == rec.REC_ALARMS:
            self.therapy, self.trust, self.top = a, b, c
            self.began |= a
            self.gone &= a
            self.gone_trust &= b
            self.risen &= a
        elif kind == rec.REC_CAUSE_GONE:
            self.gone, self.gone_trust = a, b
        elif kind == rec.REC_ESCALATED:
            self.risen = a
        elif kind == rec.REC_AUDIO:
            self.silent = a > 0
            self.paused += a > 0
        elif kind == rec.REC_ACKNOWLEDGED:
            self.acknowledged += 1
        elif kind == rec.REC_GAP:
            self.lost += a

    def differs(self, alarms: Any) -> str:
        """What the log says otherwise than the alarms are, or nothing."""
        pairs = (
            ("shown", (self.therapy, self.trust, self.top), (alarms.therapy, alarms.trust, alarms.top)),
            ("holding", (self.therapy & ~self.gone, self.trust & ~self.gone_trust),
             (alarms.present, alarms.present_trust)),
            ("risen", self.risen, alarms.risen),
            ("silent", self.silent, alarms.silence_s > 0),
        )  # fmt: skip
        return next((f"{name}: {said} recorded, {true} true" for name, said, true in pairs if said != true), "")


class LoggedAlarms:
    """Alarms, their log and an outbox that is emptied after each tick, while `store_works`."""

    def __init__(self, alarms: al.Alarms, log: AlarmLog) -> None:
        self.alarms = alarms
        self.log = log
        self.outbox = rec.Outbox(BUCKETS)
        self.status = ports.Status()
        self.replay = Replay()
        self.store_works = True
        self.ms = 0

    def tick(self) -> None:
        """Write what changed; each tenth tick is a second."""
        self.ms += _TICK_MS
        if self.ms % 1000 == 0:
            self.alarms.second(1)
            self.log.second(self.alarms, self.status, self.outbox, self.ms)
        if self.alarms.changed:
            self.log.write(self.alarms, self.status, self.outbox, self.ms)
        while self.store_works and self.outbox.oldest() is not None:
            self.replay.take(bytes(self.outbox.oldest()))
            self.outbox.done()


def history(seed: int, logged: LoggedAlarms, ticks: int) -> str:
    """Drive alarms through a random history; where its log is not true, or nothing."""
    random = Random(f"{seed}/alarms")
    alarms, replay = logged.alarms, logged.replay
    acknowledged, paused = set(), set()
    began = 0
    for tick in range(ticks):
        for _ in range(random.randrange(3)):
            code = random.choice(_CODES)
            verb = random.choice(("raise", "raise", "clear", "clear", "flash", "acknowledge", "pause", "escalate"))
            if verb in ("raise", "flash"):
                alarms.raise_(code)
                began |= 1 << code if code < al.TRUST_BASE else 0
            if verb in ("clear", "flash"):
                alarms.clear(code)
            elif verb == "escalate" and code < al.TRUST_BASE:
                alarms.escalate(code)
            elif verb == "acknowledge" and alarms.priority:
                alarms.acknowledge()
                acknowledged.add(tick)
            elif verb == "pause" and alarms.priority and not alarms.came | alarms.came_trust:
                alarms.pause_audio()
                paused.add(tick)
        logged.tick()
        if wrong := replay.differs(alarms):
            return f"seed {seed}, tick {tick}: {wrong}"
    if (replay.acknowledged, replay.paused) != (len(acknowledged), len(paused)):
        return f"seed {seed}: an acknowledgement or an audio pause is not recorded"
    return "" if began & ~replay.began == 0 else f"seed {seed}: an alarm came and went without a record"


def gap(logged: LoggedAlarms) -> list[str]:
    """A store that fails for a while: somebody is told, and the log says that it has a gap."""
    wrong = []
    alarms, replay = logged.alarms, logged.replay
    logged.store_works = False
    for turn in range(40):
        alarms.set(al.AL_DOOR, turn % 2 == 0)
        alarms.acknowledge()
        logged.tick()
    if not alarms.is_shown(al.AL_LOG_LOST):
        wrong.append("records were lost in silence")
    alarms.raise_(al.AL_AIR)
    logged.store_works = True
    for _ in range(30):
        logged.tick()
    if replay.lost != logged.outbox.lost:
        wrong.append(f"the log tells of {replay.lost} lost records, {logged.outbox.lost} are")
    if differs := replay.differs(alarms):
        wrong.append(f"after a gap, {differs}")
    alarms.acknowledge()
    if alarms.is_shown(al.AL_LOG_LOST):
        wrong.append("the gap's alarm stays after an acknowledgement")
    return wrong
