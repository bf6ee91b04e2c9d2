"""The keeper by itself: what it takes up at boot, and what it stores in which order."""

import struct
from types import SimpleNamespace

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import records as rec
from firmware.therapy import tables as t
from firmware.therapy.grants import GRANT_BOLUS, GRANT_RESUME, GRANT_START, GRANT_TITRATE
from firmware.therapy.keeper import ERASE_UL_H, Keeper, is_running
from firmware.therapy.records import Outbox
from firmware.therapy.resume import FAILED, GO_ON, NOTHING, WAIT
from hal import ports

STEP = 225_000


class Journal:
    """Writes down what it is asked to; answers `answers` in turn, then OK."""

    def __init__(self):
        self.wrote = []
        self.answers = []
        self.prepared = 0
        self.may_erase = None
        self.replayed = False

    def replay(self, fold):
        self.replayed = True
        fold("a frame")

    def append(self, kind, payload):
        rc = self.answers.pop(0) if self.answers else ports.OK
        if rc == ports.OK:
            self.wrote.append((kind, bytes(payload)))
        return rc

    def prepare(self):
        self.prepared += 1


class Counter:
    """A secure counter; `rc` is what it answers when it is to rise."""

    def __init__(self, count=7):
        self.count = count
        self.rc = ports.OK

    def read(self):
        return self.count

    def advance(self):
        if self.rc == ports.OK:
            self.count += 1
        return self.rc


class Past:
    """What the journal says, as the test has it."""

    def __init__(self):
        self.op_s, self.mark = 400, 7
        self.verdict = GO_ON
        self.back = self.clock_back = False
        self.intact = True
        self.rx = SimpleNamespace(syringe=0, head=ports.HEAD_VOLUMETRIC)
        self.copy = b"copy"
        self.folded = []
        self.asked = None

    def fold(self, frame):
        self.folded.append(frame)

    def judge(self, warm, running, rtc_s):
        self.asked = warm, running, rtc_s
        return self.verdict

    def clock_went_back(self, rtc_s):
        return self.clock_back

    def store_went_back(self, count):
        self.counted = count
        return self.back


class Rig:
    """A keeper among stand-ins."""

    def __init__(self, head=ports.HEAD_VOLUMETRIC, counter=True, rtc_s=5_000, **past):
        self.past = Past()
        for name, value in past.items():
            setattr(self.past, name, value)
        self.journal = Journal()
        self.counter = Counter() if counter else None
        self.alarms = {}
        self.log = []
        self.restores = True
        put = self.alarms.__setitem__
        controller = SimpleNamespace(
            alarms=SimpleNamespace(set=put, raise_=lambda code: put(code, True)),
            carry_over=lambda past: self.log.append("carry over"),
            take_up=lambda past, go_on: self.log.append(("take up", go_on)),
            failed=None,
            outbox=Outbox(62),
            delivery=SimpleNamespace(state=t.ST_STANDBY),
            status=ports.Status(),
        )
        controller.outbox.seq = 40
        guardian = SimpleNamespace(restore=self._restore)
        board = SimpleNamespace(
            store=None, counter=self.counter, head=head,
            rtc=SimpleNamespace(read_s=lambda: rtc_s) if rtc_s is not None else None,
        )  # fmt: skip
        self.controller = controller
        self.readings = ports.Readings()
        self.keeper = Keeper(
            board, SimpleNamespace(controller=controller, guardian=guardian), self.journal, lambda: self.past
        )

    def _restore(self, data, step, past):
        self.log.append(("restore", data, step))
        return self.restores

    def boot(self, warm=True, running=True):
        self.keeper.boot(warm, running)
        return self.keeper.verdict


def marks(rig):
    return [struct.unpack(rec.BOOT_FORMAT, payload) for kind, payload in rig.journal.wrote if kind == rec.REC_BOOT]


# At boot.


def test_a_therapy_is_taken_up_by_both_channels():
    rig = Rig()
    assert rig.boot() == GO_ON
    assert rig.log == ["carry over", ("restore", b"copy", STEP), ("take up", True)]
    assert rig.past.folded == ["a frame"]
    assert rig.past.asked == (True, True, 5_000)
    assert rig.controller.failed is False
    assert rig.alarms == {al.AL_CLOCK: False}


def test_what_is_known_of_the_reset_is_handed_on():
    rig = Rig(rtc_s=None)
    rig.boot(warm=False, running=False)
    assert rig.past.asked == (False, False, -1)


def test_a_therapy_that_waits_is_taken_up_to_wait():
    rig = Rig(verdict=WAIT)
    assert rig.boot() == WAIT
    assert rig.log[-1] == ("take up", False)


@pytest.mark.parametrize(("verdict", "failed"), [(NOTHING, False), (FAILED, True)])
def test_nothing_and_failed_take_nothing_up(verdict, failed):
    rig = Rig(verdict=verdict)
    assert rig.boot() == verdict
    assert rig.log == ["carry over"]
    assert rig.controller.failed is failed


@pytest.mark.parametrize("verdict", [NOTHING, GO_ON, WAIT, FAILED])
def test_each_boot_is_written_with_the_counters_next_value_before_it_rises(verdict):
    rig = Rig(verdict=verdict)
    rig.boot()
    assert marks(rig) == [(400, 8, 1 if verdict == GO_ON else 0)]
    assert rig.counter.count == 8
    rig.keeper._raise_mark(rec.REC_MARK, b"")
    assert rig.counter.count == 9


def test_a_clock_that_went_back_is_told():
    rig = Rig(clock_back=True)
    rig.boot()
    assert rig.alarms[al.AL_CLOCK] is True


def test_a_store_that_is_not_the_newest_is_not_gone_on_from():
    rig = Rig(back=True)
    assert rig.boot() == WAIT
    assert rig.keeper.rolled_back
    assert rig.past.counted == 7
    assert rig.log[-1] == ("take up", False)
    assert marks(rig)[0][2] == 0
    rig = Rig(back=True, verdict=NOTHING)
    assert rig.boot() == NOTHING
    assert not Rig().keeper.rolled_back


def test_without_a_counter_nothing_is_held_against_it():
    rig = Rig(counter=False, back=True)
    assert rig.boot() == GO_ON
    assert not rig.keeper.rolled_back
    assert marks(rig) == [(400, 8, 1)]  # the journal's own mark, and one more


def test_the_counter_itself_counts_not_what_was_written():
    rig = Rig(mark=3)
    rig.counter.count = 20
    rig.boot()
    assert marks(rig)[0][1] == 21
    rig = Rig()
    rig.counter.count = -1  # does not answer
    rig.counter.rc = ports.ERR_FAILED
    rig.boot()
    assert marks(rig)[0][1] == 1


def test_a_boot_that_cannot_be_written_does_not_go_on():
    rig = Rig()
    rig.journal.answers = [ports.ERR_FAILED]
    assert rig.boot() == WAIT
    assert rig.log[-1] == ("take up", False)
    assert rig.counter.count == 7  # never ahead of the journal
    rig = Rig(verdict=NOTHING)
    rig.journal.answers = [ports.ERR_FAILED]
    assert rig.boot() == NOTHING
    assert rig.controller.failed is False


def test_a_therapy_whose_prescription_is_damaged_waits_for_nothing():
    rig = Rig(verdict=WAIT, rx=None)
    rig.boot()
    assert rig.log == ["carry over"]
    assert rig.alarms[al.AL_WAITS] is True


@pytest.mark.parametrize(
    "rx",
    [
        SimpleNamespace(syringe=0, head=ports.HEAD_SYRINGE),  # another head
        SimpleNamespace(syringe=99, head=ports.HEAD_VOLUMETRIC),
    ],
)
def test_a_prescription_for_another_head_is_not_taken_up(rx):
    rig = Rig(rx=rx)
    rig.boot()
    known = rx.head == ports.HEAD_VOLUMETRIC  # this head takes no syringe, whatever it says
    assert (("take up", True) in rig.log) == known
    assert (al.AL_WAITS in rig.alarms) == (not known)
    rig = Rig(head=ports.HEAD_SYRINGE, rx=SimpleNamespace(syringe=99, head=ports.HEAD_SYRINGE))
    rig.boot()
    assert rig.log == ["carry over"]
    assert rig.alarms[al.AL_WAITS] is True


def test_what_the_guardian_does_not_take_therapy_does_not_either():
    rig = Rig()
    rig.restores = False
    rig.boot()
    assert ("take up", True) not in rig.log
    assert rig.alarms[al.AL_WAITS] is True


# Running.


def test_a_prescription_is_stored_twice():
    rig = Rig()
    assert rig.keeper.keep(b"rx") == ports.OK
    assert rig.journal.wrote == [(rec.REC_PRESCRIPTION, b"rx")] * 2
    for place in (0, 1):
        rig = Rig()
        rig.journal.answers = [ports.OK] * place + [ports.ERR_FULL]
        assert rig.keeper.keep(b"rx") == ports.ERR_FULL
        assert len(rig.journal.wrote) == place


def emit(rig, kind=rec.REC_STATE, a=0, b=0, c=0):
    return rig.controller.outbox.emit(kind, rig.controller.status, 0, a, b, c)


def test_records_are_stored_oldest_first_and_told_to_the_tick():
    rig = Rig()
    first, second = emit(rig), emit(rig)
    rig.keeper.persist(rig.readings)
    assert [struct.unpack("<I", payload[:4])[0] for kind, payload in rig.journal.wrote if kind == 0] == [first, second]
    assert rig.readings.stored_seq == second
    assert rig.controller.outbox.oldest() is None


def test_a_record_that_is_not_stored_is_tried_again():
    rig = Rig()
    rig.readings.stored_seq = 5
    first, second = emit(rig), emit(rig)
    rig.journal.answers = [ports.OK, ports.ERR_BUSY]
    rig.controller.outbox.window_due = rig.controller.outbox.progress_due = True
    rig.keeper.persist(rig.readings)
    assert rig.readings.stored_seq == first
    assert len(rig.journal.wrote) == 1  # images wait behind records
    rig.keeper.persist(rig.readings)
    assert rig.readings.stored_seq == second


def test_images_are_stored_once_when_they_are_due():
    rig = Rig()
    outbox = rig.controller.outbox
    rig.keeper.persist(rig.readings)
    assert rig.journal.wrote == []
    assert rig.journal.prepared == 0
    outbox.window_due = outbox.progress_due = True
    rig.keeper.persist(rig.readings)
    assert [kind for kind, _ in rig.journal.wrote] == [rec.REC_WINDOW, rec.REC_PROGRESS]
    assert rig.journal.wrote[0][1] == bytes(outbox.window)
    assert rig.journal.wrote[1][1] == bytes(outbox.progress)
    assert rig.journal.prepared == 1
    rig.keeper.persist(rig.readings)
    assert len(rig.journal.wrote) == 2
    outbox.window_due = outbox.progress_due = True
    rig.journal.answers = [ports.ERR_FAILED, ports.ERR_FAILED]
    rig.keeper.persist(rig.readings)
    assert (outbox.window_due, outbox.progress_due) == (True, True)
    assert rig.journal.prepared == 1


@pytest.mark.parametrize(
    ("state", "rate", "may"),
    [
        (t.ST_INFUSING, ERASE_UL_H, True), (t.ST_INFUSING, ERASE_UL_H + 1, False), (t.ST_BOLUS, ERASE_UL_H + 1, False),
        (t.ST_KVO, ERASE_UL_H + 1, False), (t.ST_PRIMING, ERASE_UL_H + 1, False), (t.ST_PAUSED, ERASE_UL_H + 1, True),
        (t.ST_STANDBY, ERASE_UL_H + 1, True), (t.ST_COMPLETE, ERASE_UL_H + 1, True), (t.ST_STOPPED, 700_000, True),
        (t.ST_FAILED, 700_000, True), (t.ST_SELF_TEST, 700_000, True), (t.ST_PROGRAMMING, 700_000, True),
        (t.ST_MAINTENANCE, 700_000, True),
    ],
)  # fmt: skip
def test_no_erase_above_six_hundred_millilitres_an_hour(state, rate, may):
    assert ERASE_UL_H == 600_000
    rig = Rig()
    rig.controller.delivery.state = state
    rig.controller.status.rate_ul_h = rate
    rig.keeper.persist(rig.readings)
    assert bool(rig.journal.may_erase) == may


def test_a_start_is_marked_by_the_counter_before_it_is_stored():
    rig = Rig()
    rig.boot()
    rig.journal.wrote.clear()
    emit(rig, rec.REC_GRANT, GRANT_START, 5, 6)
    rig.keeper.persist(rig.readings)
    assert [kind for kind, _ in rig.journal.wrote] == [rec.REC_MARK, 0]
    assert rig.journal.wrote[0][1] == struct.pack("<I", 9)
    assert rig.counter.count == 9


def test_a_start_that_cannot_be_marked_is_not_stored():
    rig = Rig()
    rig.boot()
    rig.journal.wrote.clear()
    emit(rig, rec.REC_GRANT, GRANT_START)
    rig.journal.answers = [ports.ERR_FAILED]
    rig.keeper.persist(rig.readings)
    assert rig.journal.wrote == []
    assert rig.readings.stored_seq == 0
    assert rig.counter.count == 8


def test_a_counter_that_does_not_rise_keeps_its_place():
    rig = Rig()
    rig.boot()
    rig.journal.wrote.clear()
    rig.counter.rc = ports.ERR_FAILED
    for _ in range(2):
        emit(rig, rec.REC_GRANT, GRANT_START)
    rig.keeper.persist(rig.readings)
    written = [struct.unpack("<I", payload)[0] for kind, payload in rig.journal.wrote if kind == rec.REC_MARK]
    assert written == [9, 9]  # one ahead of the counter, never two


@pytest.mark.parametrize(
    ("kind", "a"),
    [
        (rec.REC_GRANT, GRANT_RESUME), (rec.REC_STATE, GRANT_START), (rec.REC_DROPPED, GRANT_START),
        (rec.REC_GRANT, GRANT_START | 1 << 8), (rec.REC_GRANT, GRANT_START | 1 << 16),
        (rec.REC_GRANT, GRANT_START | 1 << 24), (rec.REC_GRANT, -255),
    ],
)  # fmt: skip
def test_nothing_else_is_marked(kind, a):
    rig = Rig()
    rig.boot()
    rig.journal.wrote.clear()
    emit(rig, kind, a)
    rig.keeper.persist(rig.readings)
    assert [kind for kind, _ in rig.journal.wrote] == [0]
    assert rig.counter.count == 8


@pytest.mark.parametrize("kind", [GRANT_START, GRANT_BOLUS, GRANT_TITRATE])
def test_what_raises_a_dose_is_marked(kind):
    rig = Rig()
    rig.boot()
    rig.journal.wrote.clear()
    emit(rig, rec.REC_GRANT, kind)
    rig.keeper.persist(rig.readings)
    assert [kind for kind, _ in rig.journal.wrote] == [rec.REC_MARK, 0]
    assert rig.counter.count == 9


def test_a_store_that_was_put_back_vouches_for_no_lock_out():
    rig = Rig()
    rig.past.back = True
    rig.boot()
    assert not rig.past.intact
    assert rig.keeper.rolled_back


def test_flow_is_meant_to_be_in_three_states():
    assert [state for state in range(12) if is_running(state)] == [t.ST_INFUSING, t.ST_BOLUS, t.ST_KVO]


def test_a_keeper_makes_its_own_journal_of_the_boards_store():
    store = object()
    keeper = Keeper(SimpleNamespace(store=store), SimpleNamespace(controller=None))
    assert keeper.journal._store is store
    assert keeper.verdict == NOTHING
    assert not keeper.rolled_back
