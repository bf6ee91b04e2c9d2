"""Firmware that keeps its state badly: what the evidence of `power-cuts` must reject."""

from __future__ import annotations

from functools import partial
from typing import Any

from firmware.app import App
from firmware.therapy import tables as t
from firmware.therapy.journal import MAGIC, MAX_PAYLOAD, Journal
from firmware.therapy.keeper import Keeper
from firmware.therapy.resume import Past
from hal.ports import AREA_JOURNAL_A, AREA_JOURNAL_B
from simulator.standins.gatekeeper import ScriptedGatekeeper

_NONE = -1
_FRAME = 8  # head and checksum


class OneArea(Journal):
    """Erases the area that holds everything, then writes it anew."""

    def _turn(self) -> int:
        if self._number:
            self._area = AREA_JOURNAL_A if self._area == AREA_JOURNAL_B else AREA_JOURNAL_B
        return super()._turn()


class Trusting(Journal):
    """Takes a frame whose checksum is wrong."""

    def _load(self, area: int, offset: int) -> int:
        length = super()._load(area, offset)
        if length != _NONE or self._frame[0] != MAGIC:
            return length
        said: int = self._frame[2] | self._frame[3] << 8
        fits = said <= MAX_PAYLOAD and offset + said + _FRAME <= self._store.size(area)
        return said if fits else _NONE


class ForgetsLockOut(Past):
    """Begins without a lock-out."""

    def judge(self, warm: bool, running: bool, rtc_s: int) -> int:
        verdict: int = super().judge(warm, running, rtc_s)
        self.lockout_s = 0
        return verdict


class ForgetsTitration(Past):
    """Goes on at the rate of the prescription."""

    def judge(self, warm: bool, running: bool, rtc_s: int) -> int:
        self.override_ul_h = -1
        return super().judge(warm, running, rtc_s)  # type: ignore[no-any-return]


class IgnoresStop(Past):
    """Takes a pause for an infusion that was interrupted."""

    def judge(self, warm: bool, running: bool, rtc_s: int) -> int:
        if self.delivery == t.ST_PAUSED:
            self.delivery = t.ST_INFUSING
        return super().judge(warm, running, rtc_s)  # type: ignore[no-any-return]


class CountsNothing(Past):
    """Takes the last progress for all that was given."""

    def _settle(self) -> None:
        self._flows = False
        super()._settle()


class Guesses(Past):
    """Takes an unknown time off for none."""

    def judge(self, warm: bool, running: bool, rtc_s: int) -> int:
        return super().judge(warm, running, self.rtc_s if rtc_s < 0 else rtc_s)  # type: ignore[no-any-return]


class GivesAgain(Keeper):
    """Gives an interrupted bolus from its beginning."""

    def _take_up(self, past: Any) -> None:
        super()._take_up(past)
        if past.bolus and past.rx is not None:
            dose = self._controller.dose
            dose.boluses.give(past.bolus, dose.bolus_ul(past.bolus), dose.bolus_rate(past.bolus))


def weakened(
    board: Any, journal: type[Journal] = Journal, past: type[Past] = Past, keeper: type[Keeper] = Keeper
) -> App:
    """The firmware with another journal, another reading of it, or another keeper."""
    return App(
        board, ScriptedGatekeeper(),
        make_keeper=lambda board, therapy: keeper(board, therapy, journal(board.store), past),
    )  # fmt: skip


# Partial functions of names: a snapshot finds them again.
MUTANTS = {
    "a journal in one area": partial(weakened, journal=OneArea),
    "checksums not looked at": partial(weakened, journal=Trusting),
    "a lock-out forgotten": partial(weakened, past=ForgetsLockOut),
    "a titration forgotten": partial(weakened, past=ForgetsTitration),
    "a stop ignored": partial(weakened, past=IgnoresStop),
    "nothing counted as uncertain": partial(weakened, past=CountsNothing),
    "the time off guessed": partial(weakened, past=Guesses),
    "a bolus given again": partial(weakened, keeper=GivesAgain),
}
