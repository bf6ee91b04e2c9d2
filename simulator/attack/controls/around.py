"""Controls around the pump's messages: the client at a broker, the ward's watch, the local port, what is carried."""

from __future__ import annotations

from typing import Any

from firmware.app import App
from firmware.therapy import messages as msg
from firmware.therapy.remote import Remote
from firmware.therapy.resume import Past
from firmware.therapy.tables import ST_MAINTENANCE
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.local import LocalPort
from firmware.trust.staging import CHECKED, CHUNK, COMES, NOTHING, Staging
from hal.ports import ERR_RANGE, OK, RF_KEY_SWITCH
from simulator.attack.controls.base import Control, Standin, answers

_ALARMS = ("therapy_alarms", "trust_alarms", "priority", "tone_hz", "lamp")
_STAGING = "firmware/trust/staging.py"


class _RingsAtTheWard(App):
    """Alarms go over the network; the pump itself neither shows nor rings them while it has one."""

    _kept: tuple[int, ...] = ()

    def turn(self) -> None:
        status = self.controller.status
        for name, value in zip(_ALARMS, self._kept, strict=False):
            setattr(status, name, value)  # the firmware holds what it shows against what it knows
        super().turn()
        self._kept = ()
        if self.board.plant.link_up:
            self._kept = tuple(getattr(status, name) for name in _ALARMS)
            for name in _ALARMS:
                setattr(status, name, 0)


class _SpyAlarms(App):
    spied: set[str]

    def turn(self) -> None:
        super().turn()
        if self.controller.status.priority:
            self.spied.add("local-alarms")


class _OpenPort(LocalPort):
    """Open whatever the pump does."""

    __slots__ = ()

    def step(self, state: int, flags: int, *rest: Any) -> None:
        super().step(ST_MAINTENANCE, RF_KEY_SWITCH, *rest)


class _PortOpen(App):
    """With that."""

    def background(self) -> None:
        self.local.__class__ = _OpenPort
        super().background()


class _SpyPort(App):
    spied: set[str]

    def background(self) -> None:
        if self.board.local is not None:
            self.spied.add("port-shut")
        super().background()


class _TakesAnything(Staging):
    """Takes chunks as they come, and whatever they make is what was announced."""

    __slots__ = ()

    def take(self, offset: int, data: bytes) -> int:
        if self.state == NOTHING:
            return int(ERR_RANGE)
        self.have = min(self.length, max(self.have, offset + CHUNK))
        return int(OK)

    def step(self) -> bool:
        if self.state != COMES or self.have < self.length:
            return False
        self.state = CHECKED
        return True


class _SpyStaging(Staging):
    __slots__ = ()
    spied: set[str]

    def take(self, offset: int, data: bytes) -> int:
        rc = int(super().take(offset, data))
        if rc != OK:
            self.spied.add("staging-checks")
        return rc

    def step(self) -> bool:
        changed = bool(super().step())
        if changed and self.state != CHECKED:
            self.spied.add("staging-checks")
        return changed


class _NewestOffer(Remote):
    """What comes takes the place of what waits, and of what a person has begun to enter."""

    __slots__ = ()

    def titrate(self, dose_milli: int) -> int:
        programming = self._programming
        programming._drop_titration()
        programming._titrate_milli = -1
        return int(super().titrate(dose_milli))


class _SpyOffer(Remote):
    __slots__ = ()
    spied: set[str]

    def titrate(self, dose_milli: int) -> int:
        message = int(super().titrate(dose_milli))
        if message == msg.BUSY:
            self.spied.add("one-offer")
        return message


class _AlwaysResumes(Past):
    """However often it has gone on by itself already."""

    def judge(self, warm: bool, running: bool, rtc_s: int) -> int:
        self._resumes = []
        return int(super().judge(warm, running, rtc_s))


class _SpyResumes(Past):
    spied: set[str]

    def judge(self, warm: bool, running: bool, rtc_s: int) -> int:
        if self._resumes:
            self.spied.add("resume-cap")
        return int(super().judge(warm, running, rtc_s))


class _StagesAnything(Gatekeeper):
    """With that."""

    def _open(self) -> None:
        super()._open()
        if self.speaker is not None:
            self.speaker.staging().__class__ = _TakesAnything


class _SpyGatekeeper(Gatekeeper):
    spied: set[str]

    def _open(self) -> None:
        super()._open()
        if self.speaker is not None:
            kind: Any = type("SpyStaging", (_SpyStaging,), {"__slots__": (), "spied": self.spied})
            self.speaker.staging().__class__ = kind


CONTROLS = (
    Control(
        "own-topics", "network", "The pump takes a request from its own topic, and from no other.",
        "Whatever a broker publishes to it is a request.", "firmware/comms/mqtt.py", at_site=True,
    ),
    Control(
        "packet-checks", "network", "What a broker may not send ends that connection, and nothing else.",
        "The client stumbles over it, and does not come back.", "firmware/comms/packets.py", at_site=True,
    ),
    Control(
        "will-only-rings", "evidence", "A will rings at the ward, and the next authentic fact ends it.",
        "What the broker says of a pump counts more than the pump.", "simulator/gateway/watch.py", at_site=True,
    ),
    Control(
        "local-alarms", "evidence", "Alarms are found, shown and rung at the pump; none needs the network.",
        "While there is a network, alarms are rung at the ward alone.", "firmware/therapy/alarms.py",
        (Standin("app", _RingsAtTheWard, _SpyAlarms),),
    ),
    Control(
        "port-shut", "runtime", "The local port is shut but in maintenance with the key switch turned, which no "
        "patient is in.", "It is open whatever the pump does.", "firmware/trust/local.py",
        (Standin("app", _PortOpen, _SpyPort),),
    ),
    Control(
        "one-offer", "bedside", "What was asked for from afar and waits is not replaced by what comes, nor is what a "
        "person has begun to enter.", "The newest is what a confirm takes.", "firmware/therapy/programming.py",
        (Standin("remote", _NewestOffer, _SpyOffer),),
    ),
    Control(
        "resume-cap", "therapy", "A pump goes on by itself at most twice in ten minutes; then it waits for a person.",
        "It goes on each time.", "firmware/therapy/resume.py", (Standin("past", _AlwaysResumes, _SpyResumes),),
    ),
    Control(
        "staging-at-rest", "update", "Something new is announced to the pump only while nothing flows.",
        "It begins at any time, with its erase.", "firmware/trust/effects.py",
        (answers("staging-at-rest", "remote", Remote, "is_at_rest", True),),
    ),
    Control(
        "staging-checks", "update", "What is carried to the pump is taken in order, and is whole only where it has the "
        "digest that it was announced with.", "Whatever came is what was announced.", _STAGING,
        (Standin("gatekeeper", _StagesAnything, _SpyGatekeeper),),
    ),
)  # fmt: skip
