"""Alarms, annunciators and logs that are wrong: the claim `alarms` must reject each."""

from __future__ import annotations

from typing import Any

from firmware.therapy import alarms as al
from firmware.therapy.alarm_log import AlarmLog
from firmware.therapy.annunciator import Annunciator
from hal import ports


class NeverLatches(al.Alarms):
    """A mutant: an alarm goes with its condition."""

    __slots__ = ()

    def clear(self, code: int) -> None:
        super().clear(code)
        self.acknowledge()


class NeverRises(al.Alarms):
    """A mutant: nothing escalates, and the audio pause never ends."""

    __slots__ = ()

    def second(self, seconds: int) -> None:
        return


class SilencesNewAlarms(al.Alarms):
    """A mutant: a new alarm stays silent in an audio pause."""

    __slots__ = ()

    def raise_(self, code: int) -> None:
        silence = self.silence_s
        super().raise_(code)
        self.silence_s = silence


class FirstCome(al.Alarms):
    """A mutant: what is shown first stays, unless something of a higher priority comes."""

    __slots__ = ()

    def _rank(self) -> None:
        top = self.top
        super()._rank()
        if top != al.NONE and self.is_shown(top) and self.priority_of(top) == self.priority:
            self.top = top


class Hasty(Annunciator):
    """A mutant: everything at twice the speed."""

    __slots__ = ()

    def show(self, status: ports.Status, now_ms: int, alarms: al.Alarms) -> None:
        super().show(status, now_ms * 2 & 0x3FFFFFFF, alarms)


class PlaysOnce(Annunciator):
    """A mutant: the five pulses of a high alarm are not played twice."""

    __slots__ = ()

    def show(self, status: ports.Status, now_ms: int, alarms: al.Alarms) -> None:
        super().show(status, now_ms, alarms)
        if self._burst_ms >= 1_500:
            status.tone_hz = 0


class DarkPause(Annunciator):
    """A mutant: an audio pause darkens the lamp as well."""

    __slots__ = ()

    def show(self, status: ports.Status, now_ms: int, alarms: al.Alarms) -> None:
        super().show(status, now_ms, alarms)
        if status.silenced:
            status.lamp = ports.LAMP_DARK


class CutsOff(Annunciator):
    """A mutant: a sound ends with its alarm, in the middle of a pulse."""

    __slots__ = ()

    def _play(self, priority: int, elapsed: int) -> None:
        super()._play(priority, elapsed)
        self._playing = priority


class NotesMasksAlone(AlarmLog):
    """A mutant: of all that happens to alarms, only what is shown is recorded."""

    __slots__ = ()

    def _causes(self, *_: Any) -> None:
        return


class LosesInSilence(AlarmLog):
    """A mutant: a record that found no room is no matter."""

    __slots__ = ()

    def second(self, *_: Any) -> None:
        return
