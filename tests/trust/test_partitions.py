"""The partitions joined to the firmware: what people are told, and what a reset leaves."""

import threading

import pytest

from firmware.app import App
from firmware.therapy import alarms as al
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.trust import supervisor as sv
from firmware.trust.scratch import COMMS_HELD, COMMS_POLLED, MAGIC, RESUME_OK
from hal import ports
from simulator.ideal import IdealBoard, IdealPump, prescription
from simulator.partitions import KINDS, MainLoop, Partitioned


class Pump(IdealPump):
    """An ideal pump with comms of a kind, infusing."""

    def __init__(self, kind, board=None):
        self.board = board or IdealBoard(ports.HEAD_VOLUMETRIC)
        self.partitioned = Partitioned(self.board, KINDS[kind])
        self.app = self.partitioned.app
        self.app.step = self.partitioned.step
        self.controller = self.app.controller
        self.controller.library_ok = True
        self.run(2_000)
        self.start(prescription(10_000))

    def told(self, code):
        return self.controller.alarms.is_shown(code)


@pytest.fixture
def pump():
    """Makes pumps and ends them."""
    made = []

    def make(kind, board=None):
        made.append(Pump(kind, board))
        return made[-1]

    yield make
    for one in made:
        one.partitioned.end()


@pytest.mark.parametrize("kind", ["hangs at once", "hangs while it is made", "hangs deep"])
def test_a_hang_is_a_lost_link_and_people_are_told(pump, kind):
    one = pump(kind)
    one.run(7_000)
    assert one.status.trust == t.TR_NORMAL
    one.run(15_000)
    assert (one.status.trust, one.told(al.AL_OFFLINE), one.told(al.AL_COMMS_HELD)) == (t.TR_OFFLINE, True, True)
    assert (one.state, one.status.rate_ul_h) == (t.ST_INFUSING, 10_000)
    assert al.traits(al.AL_COMMS_HELD) & 3 == al.PRIORITY_LOW
    assert one.board.scratch.word & COMMS_POLLED


def test_a_comms_that_falls_and_falls_is_held_for_an_hour(pump):
    one = pump("raises")
    one.run(300_000)
    assert not one.told(al.AL_COMMS_HELD)
    one.run(10_000)
    assert one.told(al.AL_COMMS_HELD)
    assert one.status.trust == t.TR_OFFLINE
    one.press(ports.KEY_ACKNOWLEDGE)
    one.run(2_000)
    assert not one.told(al.AL_COMMS_HELD)


def test_a_watchdog_reset_in_mid_poll_boots_with_comms_held_until_a_person_says(pump):
    one = pump("hangs at once")
    word = one.board.scratch.word
    assert word & ~RESUME_OK == MAGIC | COMMS_POLLED  # and flow was meant to be
    board = IdealBoard(ports.HEAD_VOLUMETRIC)
    board.scratch.write(word)
    again = pump("carries", board)
    again.run(sv.HOUR_MS + 10_000)
    assert again.app.supervisor.returns == 0
    assert again.told(al.AL_COMMS_HELD)
    assert board.scratch.word & ~RESUME_OK == MAGIC | COMMS_HELD
    assert again.status.rate_ul_h == 10_000
    again.press(ports.KEY_ACKNOWLEDGE)
    again.run(2_000)
    assert again.app.supervisor.returns > 0
    assert not again.told(al.AL_COMMS_HELD)


def test_a_reset_that_came_between_polls_holds_nothing(pump):
    one = pump("carries")
    board = IdealBoard(ports.HEAD_VOLUMETRIC)
    board.scratch.write(one.board.scratch.word)
    assert pump("carries", board).app.supervisor.returns > 0


@pytest.mark.parametrize("kind", ["writes over its mailboxes", "wrecks its mailboxes", "floods with garbage"])
def test_hostile_comms_is_suspect_and_never_more(pump, kind):
    one = pump(kind)
    one.run(20_000)
    assert one.status.trust == t.TR_SUSPECT
    assert (one.state, one.status.rate_ul_h) == (t.ST_INFUSING, 10_000)


def test_suspicion_ends_offline_where_comms_does_not_run(pump):
    """The carrier is there all the time: it is comms that is not."""
    one = pump("hangs later")
    one.controller.mailbox.post(t.EV_HOSTILE)
    one.run(30_000)
    assert one.status.trust == t.TR_SUSPECT
    one.run(600_000)
    assert one.status.trust == t.TR_OFFLINE


def test_what_finds_no_memory_drops_comms_and_says_so(pump):
    one = pump("carries")

    class NoMemory:
        def key(self, readings):
            raise MemoryError

    programming, one.app.programming = one.app.programming, NoMemory()
    before = one.app.supervisor.returns
    one.press(ports.KEY_CONFIRM)
    assert one.status.message == msg.BUSY
    assert one.app.supervisor.returns >= before
    one.tick()
    assert one.app.supervisor.falls == 1
    one.app.programming = programming
    one.run(2_000)
    assert one.status.rate_ul_h == 10_000


def test_comms_is_told_how_long_it_may_block(pump):
    one = pump("carries")
    assert one.app.leave.ms == 2800
    one.press(ports.KEY_PAUSE)
    one.tick()
    assert one.app.leave.ms == 5000


def test_a_turn_that_the_stack_has_no_room_for_is_left_out_whole():
    pump = IdealPump()
    pump.start(prescription(10_000))
    pump.app.supervisor.inside = True
    before = pump.status.commanded_ul, pump.status.commanded_rest
    pump.board.pass_ms(100)

    def deep(depth):
        try:
            deep(depth + 1)
        except RecursionError:
            if depth > deepest[0] - 10:
                deepest[0] = max(deepest[0], depth)
                pump.app.turn()

    deepest = [0]
    deep(0)
    assert (pump.status.commanded_ul, pump.status.commanded_rest) == before
    pump.app.turn()
    assert (pump.status.commanded_ul, pump.status.commanded_rest) != before
    assert pump.state == t.ST_INFUSING


def test_a_main_loop_that_hangs_leaves_the_turns_alone_and_ends():
    rounds = []
    loop = MainLoop(lambda: rounds.append(1) if len(rounds) < 2 else loop.hang())
    for _ in range(5):
        loop.run()
    assert (len(rounds), loop.hung, loop.turn_hung) == (2, True, False)
    before = threading.active_count()
    loop.end()
    assert threading.active_count() == before - 1


def test_a_main_loop_hands_on_what_it_raises():
    def raises():
        raise ValueError("on purpose")

    loop = MainLoop(raises)
    with pytest.raises(ValueError, match="on purpose"):
        loop.run()
    loop.end()


def test_a_turn_that_hangs_is_found():
    loop = MainLoop(lambda: None)
    with pytest.raises(RuntimeError, match="the turn hangs"):
        loop.hang()
    assert loop.turn_hung
    loop.end()


def test_the_shipped_app_makes_the_shipped_comms():
    assert App.__init__.__defaults__[0].__name__ == "RawComms"
