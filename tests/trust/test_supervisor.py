"""The supervisor: contains what comms does, restarts it at a capped rate, holds it, and finds it hung."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.therapy.mailbox import Mailbox
from firmware.therapy.tables import EV_LINK_LOST
from firmware.trust import supervisor as sv
from firmware.trust.leave import Leave
from firmware.trust.linkwatch import LOST_MS, LinkWatch
from firmware.trust.ring import Ring
from firmware.trust.scratch import COMMS_HELD, COMMS_POLLED, MAGIC, Marks
from firmware.trust.supervisor import Supervisor
from hal.compat import MASK
from hal.ports import KEY_ACKNOWLEDGE, KEY_NONE
from simulator.clock import VirtualClock
from simulator.devices.parts import SimScratch

MINUTE_MS = 60_000


class Fails(BaseException):
    """What comms may raise: not even an Exception."""


class Rig:
    """A supervisor, a clock, and comms that does what `act` says."""

    link = None

    def __init__(self, start_ms=2**30 - 5_000, word=0):
        self.clock = VirtualClock(start_ms)
        self.scratch = SimScratch()
        self.scratch.write(word)
        self.marks = Marks(self.scratch)
        self.act = lambda rig: None
        self.made = []  # when, in ms
        self.polls = 0
        self.supervisor = Supervisor(self.make, self, self.marks, Ring(8), Ring(8), Leave())

    def make(self, link, inbox, facts, leave):
        self.made.append(self.clock.ms)
        return self

    def poll(self):
        self.polls += 1
        self.act(self)

    def turn(self, ms=100, key=KEY_NONE):
        """A turn, then the main loop's share."""
        self.clock.advance(ms)
        self.supervisor.watch(self.clock.ticks_ms(), key)
        self.supervisor.poll()

    def run(self, ms, step_ms=100):
        for _ in range(ms // step_ms):
            self.turn(step_ms)


def fails(rig):
    raise Fails


def test_comms_is_made_once_and_polled_each_time():
    rig = Rig()
    rig.run(1_000)
    assert len(rig.made) == 1
    assert rig.polls == rig.supervisor.returns == 10


@pytest.mark.parametrize("error", [ValueError, MemoryError, RecursionError, SystemExit, GeneratorExit, Fails])
@pytest.mark.parametrize("where", ["poll", "make"])
def test_whatever_comms_raises_stays_inside_and_it_is_dropped(error, where):
    rig = Rig()

    def raises(*_):
        raise error

    if where == "poll":
        rig.act = raises
    else:
        rig.supervisor._make = raises
    rig.turn()
    assert rig.supervisor.falls == 1
    assert rig.supervisor._comms is None
    assert rig.supervisor.returns == 0
    assert rig.scratch.word == MAGIC
    assert not rig.supervisor.inside


def test_a_developer_s_interrupt_is_not_contained():
    rig = Rig()

    def interrupts(rig):
        raise KeyboardInterrupt

    rig.act = interrupts
    with pytest.raises(KeyboardInterrupt):
        rig.turn()


def test_comms_is_named_in_the_scratch_word_while_it_is_made_and_polled():
    rig = Rig()
    words = []
    make = rig.supervisor._make

    def made(*parts):
        words.append(rig.scratch.word)
        return make(*parts)

    rig.supervisor._make = made
    rig.act = lambda rig: words.append(rig.scratch.word)
    rig.turn()
    assert words == [MAGIC | COMMS_POLLED] * 2
    assert rig.scratch.word == MAGIC


def test_restarts_wait_twice_as_long_each_time_up_to_a_minute_then_an_hour():
    rig = Rig()
    rig.act = fails
    rig.run(3 * 3_600_000)
    gaps = [(later - earlier) // 1000 for earlier, later in zip(rig.made, rig.made[1:], strict=False)]
    assert gaps[:11] == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 3600]
    # The start that ends the hour counts as one.
    assert gaps[11:21] == [2, 4, 8, 16, 32, 60, 60, 60, 60, 3600]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3 * 3600), st.booleans()), min_size=10, max_size=60), st.integers(0, MASK))
def test_no_hour_holds_more_than_ten_restarts(stretches, start_ms):
    """Whatever comms does, and whenever: seconds that it runs, and whether it then falls."""
    rig = Rig(start_ms)
    left = [0, False]
    queue = iter(stretches)

    def act(rig):
        if left[0] <= 0:
            left[0], left[1] = next(queue, (3600, True))
        left[0] -= 1
        if left[0] <= 0 and left[1]:
            raise Fails

    rig.act = act
    rig.run(5 * 3_600_000, 1_000)
    restarts = rig.made[1:]
    for place, at in enumerate(restarts):
        within = [other for other in restarts[: place + 1] if at - other < sv.HOUR_MS]
        assert len(within) <= sv.RESTARTS


def test_an_hour_without_a_fall_forgives():
    rig = Rig()
    rig.act = fails
    rig.turn()
    rig.act = lambda rig: None
    rig.run(1_000 + sv.HOUR_MS)
    assert rig.supervisor.falls == 0


@pytest.mark.parametrize("word", [MAGIC | COMMS_POLLED, MAGIC | COMMS_HELD])
def test_after_a_reset_that_it_caused_only_a_person_lets_comms_run(word):
    rig = Rig(word=word)
    rig.run(24 * 3_600_000, 1_000)
    assert (rig.made, rig.supervisor.held, rig.scratch.word) == ([], sv.HELD_FOR_A_PERSON, MAGIC | COMMS_HELD)
    assert rig.supervisor.is_down()
    rig.turn(key=KEY_ACKNOWLEDGE)
    assert len(rig.made) == 1
    assert (rig.supervisor.held, rig.scratch.word, rig.supervisor.is_down()) == (sv.FREE, MAGIC, False)


def test_a_person_ends_the_hour_s_hold_too():
    rig = Rig()
    rig.act = fails
    rig.run(20 * MINUTE_MS)
    made = len(rig.made)
    assert rig.supervisor.held == sv.HELD_FOR_AN_HOUR
    rig.act = lambda rig: None
    rig.turn(key=KEY_ACKNOWLEDGE)
    assert len(rig.made) == made + 1
    assert rig.supervisor.falls == 0


def test_an_acknowledgement_before_the_hold_does_not_lift_it():
    rig = Rig()
    rig.turn(key=KEY_ACKNOWLEDGE)
    rig.act = fails
    rig.run(20 * MINUTE_MS)
    assert rig.supervisor.held == sv.HELD_FOR_AN_HOUR


def test_what_is_dropped_is_gone_and_made_anew_after_its_delay():
    rig = Rig()
    rig.run(1_000)
    rig.supervisor.drop()
    rig.turn()
    assert rig.supervisor._comms is None
    rig.run(2_000)
    assert len(rig.made) == 2


def test_a_drop_while_nothing_runs_costs_nothing():
    rig = Rig(word=MAGIC | COMMS_HELD)
    rig.supervisor.drop()
    rig.turn()
    assert rig.supervisor.falls == 0


@pytest.mark.parametrize("days", [0, 1, 13])
def test_a_poll_that_does_not_come_back_is_found_and_stays_found(days):
    """The turn goes on by itself, as on a device, past the whole circle of the clock."""
    rig = Rig()
    found = []

    def never(rig):
        for _ in range(200):
            rig.clock.advance(100)
            rig.supervisor.watch(rig.clock.ticks_ms(), KEY_NONE)
            found.append(rig.supervisor.hung)
        for _ in range(days * 24 * 60):
            rig.clock.advance(MINUTE_MS)
            rig.supervisor.watch(rig.clock.ticks_ms(), KEY_NONE)
            found.append(rig.supervisor.hung)

    rig.run(1_000)
    rig.act = never
    rig.turn()
    due = sv.SILENCE_MS // 100 - 1
    assert not any(found[:due])
    assert all(found[due + 1 :])
    rig.act = lambda rig: None
    rig.turn()
    rig.turn()
    assert not rig.supervisor.hung and not rig.supervisor.silent


def watched(rig, carrier=lambda ms: True):
    """Turns with a link watch beside; yields (ms, event) of what it posted."""
    mailbox = Mailbox()
    watch = LinkWatch(mailbox, rig.clock.ticks_ms())
    posted = []

    def run(ms, step_ms=100):
        for _ in range(ms // step_ms):
            rig.turn(step_ms)
            watch.step(rig.clock.ticks_ms(), carrier(rig.clock.ms), rig.supervisor.silent)
            if mailbox.waiting:
                posted.append((rig.clock.ms, mailbox.take()))

    return mailbox, posted, run


def test_a_carrier_gone_for_ten_seconds_is_a_lost_link_once():
    rig = Rig()
    mailbox, posted, run = watched(rig, lambda ms: ms <= 5_000 or 9_000 < ms <= 10_000 or ms > 60_000)
    run(59_000)
    assert posted == [(10_000 + LOST_MS, EV_LINK_LOST)]
    assert mailbox.link_down
    run(5_000)
    assert not mailbox.link_down
    assert len(posted) == 1


@pytest.mark.parametrize("days", [1, 13])
def test_a_link_lost_for_days_stays_lost(days):
    rig = Rig()
    mailbox, posted, run = watched(rig, lambda ms: False)
    run(days * 86_400_000, MINUTE_MS)
    assert mailbox.link_down
    assert len(posted) == 1


def test_comms_that_falls_each_time_is_a_lost_link():
    rig = Rig()
    rig.act = fails
    mailbox, posted, run = watched(rig)
    run(2 * 3_600_000)
    assert [event for _, event in posted] == [EV_LINK_LOST]
    assert posted[0][0] <= 100 + LOST_MS
    assert mailbox.link_down


def test_comms_that_runs_between_its_falls_is_no_lost_link_until_it_waits_too_long():
    rig = Rig()

    def act(rig):
        if rig.polls % 50 == 0:
            raise Fails

    rig.act = act
    mailbox, posted, run = watched(rig)
    run(25_000)
    assert (posted, mailbox.link_down) == ([], False)
    run(120_000)
    assert posted and posted[0][1] == EV_LINK_LOST


def test_the_leave_is_what_the_lease_outlasts():
    class Asked:
        step_rate_mhz = 1
        bolus = 0
        rate_ul_h = 0

    leave, asked = Leave(), Asked()
    given = []
    for rate, bolus, steps in ((100, 0, 1), (120_000, 0, 1), (163_000, 0, 1), (164_000, 0, 1), (1_200_000, 0, 1),
                               (5_000_000, 0, 1), (100, 7, 1), (0, 0, -5), (0, 0, 0)):  # fmt: skip
        asked.rate_ul_h, asked.bolus, asked.step_rate_mhz = rate, bolus, steps
        leave.renew(asked, asked)
        given.append(leave.ms)
    assert given == [2800, 2800, 2008, 1995, 100, 0, 0, 0, 5000]
