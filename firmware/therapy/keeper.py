"""Keeps what must outlive a reset: what is stored when, and what is taken up at boot.

Runs outside the tick, on therapy's side. A store, a clock or a counter that fails never stops a
running dose; it only keeps a raise from being granted.
"""

import struct

from firmware.therapy import alarms as al
from firmware.therapy import records as rec
from firmware.therapy import resume
from firmware.therapy import tables as t
from firmware.therapy.grants import GRANT_BOLUS, GRANT_START, GRANT_TITRATE
from firmware.therapy.heads import step_volume
from firmware.therapy.journal import Journal
from hal.compat import const
from hal.ports import OK

# The kind of a journal frame that holds a record of the tick; others use records.REC_*.
FRAME_RECORD = const(0)
# At this rate the lease, 0.1 mL, outlasts the slowest erase, 400 ms, by two ticks.
ERASE_UL_H = const(600_000)
_MOVING = const(0xB8)  # priming, infusing, bolus, KVO: bits by ST_*


class Keeper:
    """The journal, and the secure counter and clock that it is held against."""

    def __init__(self, board, therapy, journal=None, make_past=resume.Past):
        """`journal` and `make_past` stand in where a test needs others."""
        self._board = board
        self._make_past = make_past
        self._therapy = therapy
        self._controller = therapy.controller
        self.journal = Journal(board.store) if journal is None else journal
        self.verdict = resume.NOTHING
        self.rolled_back = False  # the store is not the newest: evidence against the security layer
        self._mark = 0  # the secure counter, as far as it is known

    # At boot.

    def boot(self, warm, running):
        """Read the journal and take up the therapy of before, or have it wait for a person.

        warm: power was not lost; running: flow was meant to be, by the word that tells.
        """
        board = self._board
        controller = self._controller
        past = self._make_past()
        self.journal.replay(past.fold)
        rtc_s = board.rtc.read_s() if board.rtc is not None else -1
        self.verdict = past.judge(warm, running, rtc_s)
        counter = board.counter
        if counter is not None:
            self.rolled_back = past.store_went_back(counter.read())
            # A bolus of the time that is gone may have been given: no lock-out and no window is as it was.
            past.intact = past.intact and not self.rolled_back
        controller.carry_over(past)
        controller.alarms.set(al.AL_CLOCK, past.clock_went_back(rtc_s))
        self._mark = past.mark
        if counter is not None:
            self._mark = max(counter.read(), 0)
        if self.rolled_back and self.verdict == resume.GO_ON:
            self.verdict = resume.WAIT
        goes_on = self.verdict == resume.GO_ON
        data = struct.pack(rec.BOOT_FORMAT, past.op_s, self._mark + 1, 1 if goes_on else 0)
        if self._raise_mark(rec.REC_BOOT, data) != OK and goes_on:
            self.verdict = resume.WAIT  # a pump that resumes unwritten resumes for ever
        controller.failed = self.verdict == resume.FAILED
        if self.verdict == resume.GO_ON or self.verdict == resume.WAIT:
            self._take_up(past)

    def _take_up(self, past):
        therapy = self._therapy
        rx = past.rx
        if rx is None:
            self._controller.alarms.raise_(al.AL_WAITS)  # its prescription is damaged: nothing to take up
            return
        step = step_volume(self._board.head, rx.syringe)
        if step and rx.head == self._board.head and therapy.guardian.restore(past.copy, step, past):
            self._controller.take_up(past, self.verdict == resume.GO_ON)
        else:
            self._controller.alarms.raise_(al.AL_WAITS)

    def _raise_mark(self, kind, data):
        """Write the counter's next value down, then raise it: the journal may be one ahead, never behind."""
        counter = self._board.counter
        rc = self.journal.append(kind, data)
        if rc == OK and counter is not None and counter.advance() == OK:
            self._mark += 1
        return rc

    # Running.

    def keep(self, data):
        """Store a confirmed prescription twice; OK or ERR_*."""
        rc = self.journal.append(rec.REC_PRESCRIPTION, data)
        return rc or self.journal.append(rec.REC_PRESCRIPTION, data)

    def persist(self, readings):
        """Store what the tick left; `readings.stored_seq` tells it how far that went."""
        controller = self._controller
        outbox = controller.outbox
        journal = self.journal
        moving = is_moving(controller.delivery.state)
        journal.may_erase = not moving or controller.status.rate_ul_h <= ERASE_UL_H
        record = outbox.oldest()
        while record is not None:
            if self._raises(record) and self._raise_mark(rec.REC_MARK, struct.pack("<I", self._mark + 1)) != OK:
                return
            if journal.append(FRAME_RECORD, record) != OK:
                return  # tried again next turn; a grant that waits too long is dropped
            readings.stored_seq = outbox.done()
            record = outbox.oldest()
        if outbox.window_due and journal.append(rec.REC_WINDOW, outbox.window) == OK:
            outbox.window_due = False
        if outbox.progress_due and journal.append(rec.REC_PROGRESS, outbox.progress) == OK:
            outbox.progress_due = False
            journal.prepare()

    def _raises(self, record):
        """Whether a record grants a start, a bolus or another rate: the secure counter marks each.

        So a store that is put back to before it is found out at the next boot, and no lock-out is cut short by that.
        """
        if record[4] != rec.REC_GRANT or record[13] | record[14] | record[15]:
            return False
        return record[12] == GRANT_START or record[12] == GRANT_BOLUS or record[12] == GRANT_TITRATE


def is_moving(state):
    """Whether the motor is meant to move in `state`: 1 or 0."""
    return _MOVING >> state & 1


def is_running(state):
    """Whether a therapy's flow is meant to be in `state`: what the word that outlives a reset tells."""
    return state == t.ST_INFUSING or state == t.ST_BOLUS or state == t.ST_KVO
