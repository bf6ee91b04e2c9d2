"""Controls on the dose: what no person may programme, and what bounds it whatever asked for it."""

from __future__ import annotations

from typing import Any

from firmware.therapy import messages as msg
from firmware.therapy.bolus import Window
from firmware.therapy.delivery import Delivery
from firmware.therapy.dosing import Dosing
from firmware.therapy.grants import STORED, TOO_LATE, Grant
from firmware.therapy.guardian import Guardian
from firmware.therapy.plausible import Plausible
from firmware.therapy.prescribe import Prescriber
from hal.compat import ticks_add
from simulator.attack.controls.base import Control, Standin, answers

_PRESCRIBE = "firmware/therapy/prescribe.py"
_HARD = (msg.HARD_LIMIT, msg.BOLUS_LIMIT, msg.VTBI_LIMIT)
_FAR_STEPS = 1 << 27
# A record is stored in the next turn; what waits longer would have been given earlier without the wait.
_PROMPT_TICKS = 2


class _NoHardLimits(Prescriber):
    """A hard limit is a soft one, and no rate is too high for a prescription but the head's."""

    def check_dose(self, dose_milli: int) -> int:
        code = int(super().check_dose(dose_milli))
        if code != msg.HARD_LIMIT:
            return code
        self.soft = True
        return self.check_rate(self.rate_of(dose_milli))

    def check_rate(self, rate_ul_h: int) -> int:
        return self._softened(super().check_rate(rate_ul_h))

    def _rates(self, request: Any) -> int:
        code = int(super()._rates(request))
        rx: Any = self.rx
        rx.rate_hard_ul_h = self._max
        return code

    def _volume(self, vtbi_ul: int) -> int:
        return self._softened(super()._volume(vtbi_ul))

    def _check_bolus(self, volume: int, rate: int) -> int:
        return self._softened(super()._check_bolus(volume, rate))

    def _note_dose_of(self, rate_ul_h: int) -> int:
        return self._softened(super()._note_dose_of(rate_ul_h))

    def _softened(self, code: int) -> int:
        if code in _HARD:
            self.soft = True
            return int(msg.NONE)
        return int(code)


class _SpyHardLimits(Prescriber):
    spied: set[str]

    def check_dose(self, dose_milli: int) -> int:
        return self._seen(super().check_dose(dose_milli))

    def _volume(self, vtbi_ul: int) -> int:
        return self._seen(super()._volume(vtbi_ul))

    def _check_bolus(self, volume: int, rate: int) -> int:
        return self._seen(super()._check_bolus(volume, rate))

    def _note_dose_of(self, rate_ul_h: int) -> int:
        return self._seen(super()._note_dose_of(rate_ul_h))

    def _seen(self, code: int) -> int:
        if code in _HARD:
            self.spied.add("hard-limits")
        return int(code)


class _NoSoftLimits(Prescriber):
    """Nothing is past a soft limit."""

    @property
    def soft(self) -> bool:
        return False

    @soft.setter
    def soft(self, value: bool) -> None:
        pass


class _SpySoftLimits(Prescriber):
    spied: set[str]

    def check_dose(self, dose_milli: int) -> int:
        return self._seen(super().check_dose(dose_milli))

    def build(self, request: Any, library: Any) -> int:
        return self._seen(super().build(request, library))

    def _seen(self, code: int) -> int:
        if self.soft:
            self.spied.add("soft-limits")
        return int(code)


class _NoLockOut(Delivery):
    """No bolus locks out the next."""

    __slots__ = ()

    def lock_out(self, key: int) -> None:
        pass


class _SpyLockOut(Delivery):
    __slots__ = ()
    spied: set[str]

    def refuse_bolus(self, key: int) -> int:
        message = int(super().refuse_bolus(key))
        if message == msg.LOCKED_OUT:
            self.spied.add("lock-out")
        elif message == msg.LIMIT:
            self.spied.add("rolling-limit")
        return message

    def window_full(self) -> bool:
        full = bool(super().window_full())
        if full:
            self.spied.add("rolling-limit")
        return full


class _NoWindow(Window):
    """What was given in the last hours is not counted."""

    __slots__ = ()

    def count(self, units: int) -> None:
        pass


class _NoGuardian(Guardian):
    """Watches nothing."""

    __slots__ = ()

    def watch(self, now_ms: int, r: Any, drive: Any, controller: Any) -> None:
        pass


class _SpyGuardian(Guardian):
    __slots__ = ()
    spied: set[str]

    def watch(self, now_ms: int, r: Any, drive: Any, controller: Any) -> None:
        end = drive.step_end
        super().watch(now_ms, r, drive, controller)
        if self.tripped or drive.step_end != end:
            self.spied.add("guardian")


class _NoLease(Dosing):
    """The step generator goes on until it is told otherwise."""

    __slots__ = ()

    def drive(self, drive: Any, rate_ul_h: int, lease: int, count: int) -> None:
        super().drive(drive, rate_ul_h, lease, count)
        drive.step_end = ticks_add(count, _FAR_STEPS)


class _SpyLease(Dosing):
    __slots__ = ()
    spied: set[str]

    def past_lease(self) -> int:
        past = int(super().past_lease())
        if past > 0:
            self.spied.add("lease")
        return past


class _NoWait(Grant):
    """A raise waits for no record."""

    __slots__ = ()

    def settle(self, now_ms: int, stored_seq: int) -> int:
        return int(STORED)


class _SpyWait(Grant):
    __slots__ = ()
    spied: set[str]

    def settle(self, now_ms: int, stored_seq: int) -> int:
        found = int(super().settle(now_ms, stored_seq))
        if found == TOO_LATE or (found != STORED and now_ms - self._ms > _PROMPT_TICKS * 100):
            self.spied.add("write-ahead")
        return found


CONTROLS = (
    Control(
        "hard-limits", "limits", "The drug library's hard limits on dose, rate, bolus and volume hold for everybody.",
        "What is past a hard limit is past a soft one, no more.", _PRESCRIBE,
        (Standin("prescriber", _NoHardLimits, _SpyHardLimits),),
    ),
    Control(
        "soft-limits", "limits", "What is past a soft limit is said so, and takes a second confirm; from afar, a "
        "second person.", "Up to the hard limit nothing is remarked on.", _PRESCRIBE,
        (Standin("prescriber", _NoSoftLimits, _SpySoftLimits),),
    ),
    Control(
        "lock-out", "limits", "After a patient's bolus none begins within the lock-out.", "A press is a bolus.",
        "firmware/therapy/delivery.py", (Standin("dose", _NoLockOut, _SpyLockOut),),
    ),
    Control(
        "rolling-limit", "limits", "What was given in the library's window of hours stays below its limit.",
        "Nothing is added up.", "firmware/therapy/bolus.py",
        (Standin("window", _NoWindow, None), Standin("dose", Delivery, _SpyLockOut)),
    ),
    Control(
        "guardian", "therapy", "A second channel with its own copy of the prescription bounds what the first may "
        "deliver, and cuts motor power.", "There is one channel.", "firmware/therapy/guardian.py",
        (Standin("guardian", _NoGuardian, _SpyGuardian),),
    ),
    Control(
        "lease", "therapy", "The step generator stops by itself at a position three seconds ahead, or 0.1 mL.",
        "It goes on at its rate until it is told otherwise.", "firmware/therapy/dosing.py",
        (Standin("dosing", _NoLease, _SpyLease),),
    ),
    Control(
        "write-ahead", "therapy", "A raise waits until the store holds its record, for a second at most.",
        "It is granted at once, stored or not.", "firmware/therapy/grants.py",
        (Standin("grant", _NoWait, _SpyWait),),
    ),
    Control(
        "plausibility", "therapy", "Readings that no sensor can give put therapy in doubt, which cuts motor power.",
        "Every reading is believed.", "firmware/therapy/plausible.py",
        (
            answers("plausibility", "plausible", Plausible, "tick", False),
            answers("plausibility", "plausible", Plausible, "second", False),
        ),
    ),
)  # fmt: skip
