"""The loop on a device: turns by the pacer, by the loop itself where the pacer stops, and nothing lost by either."""

import pytest

from firmware.app import App
from firmware.main import LATE_MS, TURN_MS, Loop, gatekeeper_for, run
from firmware.therapy import tables as t
from firmware.therapy.remote import Remote
from firmware.trust.closed import LOOK_MS, ClosedGatekeeper, is_provisioned
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.ring import Ring
from hal import ports
from simulator.ideal import IdealBoard, NoGatekeeper


class Pacer:
    """A soft timer in virtual time: each rest lets `step_ms` pass, and turns come until `stops_ms`."""

    def __init__(self, board, until_ms, step_ms=10, stops_ms=None, rc=ports.OK):
        self.board = board
        self.until_ms = until_ms
        self.step_ms = step_ms
        self.stops_ms = until_ms if stops_ms is None else stops_ms
        self.rc = rc
        self.period_ms = 0

    def start(self, turn, period_ms):
        self.turn = turn
        self.period_ms = period_ms
        return self.rc

    def rest(self):
        board = self.board
        board.pass_ms(self.step_ms)
        if self.rc == ports.OK and board.clock.ms <= self.stops_ms and board.clock.ms % self.period_ms == 0:
            self.turn(None)
        return board.clock.ms < self.until_ms


class Turns(IdealBoard):
    """Notes when it was read; `fails` names the reads that raise."""

    def __init__(self, fails=(), **pacer):
        super().__init__(ports.HEAD_SYRINGE)
        self.read_ms = []
        self.fails = fails
        self.pacer = Pacer(self, **pacer)

    def read(self, readings):
        self.read_ms.append(self.clock.ms)
        if len(self.read_ms) in self.fails:
            raise OSError("the sensors' bus")
        super().read(readings)


def gaps(board):
    return [b - a for a, b in zip(board.read_ms, board.read_ms[1:], strict=False)]


def test_the_pacer_gives_every_turn():
    board = Turns(until_ms=5_000)
    run(board)
    assert set(gaps(board)) == {TURN_MS}
    assert board.status.delivery == t.ST_STANDBY


@pytest.mark.parametrize("step_ms", [1, 7, 10, 30])
def test_without_a_pacer_the_loop_keeps_the_beat(step_ms):
    board = Turns(until_ms=60_000, step_ms=step_ms, rc=ports.ERR_ABSENT)
    run(board)
    assert len(board.read_ms) in (600, 601)
    assert max(gaps(board)) <= TURN_MS + step_ms


def test_a_pacer_that_stops_is_replaced_within_the_lease():
    board = Turns(until_ms=20_000, stops_ms=10_000)
    run(board)
    after = [gap for at, gap in zip(board.read_ms, gaps(board), strict=False) if at >= 10_000]
    assert after and max(after) <= TURN_MS + LATE_MS + 10


def test_a_long_stall_is_not_caught_up():
    board = Turns(until_ms=10_000, rc=ports.ERR_ABSENT)
    board.pacer.step_ms = 3_000
    run(board)
    assert len(board.read_ms) <= 4


def test_a_turn_that_raises_goes_no_further_and_feeds_no_watchdog():
    board = Turns(until_ms=2_000, fails=(5,))
    fed = []
    board.watchdog.feed = lambda: fed.append(board.clock.ms)
    loop = Loop(App(board, Gatekeeper(board)), board.pacer, board.clock)
    loop.run()
    assert loop.raised == 1
    assert len(board.read_ms) == 20 and len(fed) == 19


def test_a_turn_pre_empted_by_another_is_not_entered_twice():
    board = Turns(until_ms=1_000)
    loop = Loop(App(board, Gatekeeper(board)), board.pacer, board.clock)
    show = board.show

    def pre_empted(status):
        loop.turn(None)
        show(status)

    board.show = pre_empted
    loop.turn(None)
    assert board.read_ms == [0]


class Counter:
    value = 5

    def read(self):
        return self.value


def judge(counter, came=b"", looks=1, make=ClosedGatekeeper):
    board = IdealBoard(ports.HEAD_SYRINGE)
    inbox = Ring(256)
    inbox.put(came, len(came))
    posted = []
    board.counter = counter
    gatekeeper = make(board)
    gatekeeper.meet(Remote(App(IdealBoard(ports.HEAD_SYRINGE), NoGatekeeper()).controller, None, board))
    for value in counter.values if hasattr(counter, "values") else [None] * looks:
        if value is not None:
            counter.value = value
        gatekeeper.step(inbox, Ring(256), ports.Readings(), posted.append)
        board.pass_ms(LOOK_MS)
    return posted, inbox


BOTH = pytest.mark.parametrize("make", [ClosedGatekeeper, Gatekeeper])


@BOTH
def test_bytes_that_nobody_vouches_for_are_hostile(make):
    posted, inbox = judge(None, b"STOP", looks=3, make=make)
    assert posted == [t.EV_HOSTILE]
    assert inbox.room() == 255


@BOTH
def test_silence_is_not_hostile(make):
    assert judge(None, looks=3, make=make)[0] == []


@BOTH
@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((5, 6, 6, 7), []),
        ((5, 4), [t.EV_COMPROMISED]),
        ((5, 6, 0), [t.EV_COMPROMISED]),
        ((5, -1, 5), []),  # a part that does not answer is no evidence
        ((-1, 3, 2), [t.EV_COMPROMISED]),
    ],
)
def test_a_counter_put_back_is_evidence(values, found, make):
    counter = Counter()
    counter.values = values
    assert judge(counter, make=make)[0] == found


class Keys:
    """A store whose credential areas hold one byte, or do not answer."""

    def __init__(self, area=-1, place=0, rc=ports.OK, size=4096):
        self.byte = (area, place)
        self.rc = rc
        self.bytes = size

    def size(self, area):
        return self.bytes

    def read(self, area, offset, into):
        into[:] = b"\xff" * len(into)
        if area == self.byte[0] and offset <= self.byte[1] < offset + len(into):
            into[self.byte[1] - offset] = 0xFE
        return self.rc


@pytest.mark.parametrize("area", [ports.AREA_KEYS_A, ports.AREA_KEYS_B])
@pytest.mark.parametrize("place", [0, 63, 64, 2_000, 4_095])
def test_a_single_byte_where_credentials_stand_is_judged(area, place):
    assert is_provisioned(Keys(area, place))


def test_only_a_pump_without_credentials_does_without_a_gatekeeper_that_judges():
    assert not is_provisioned(Keys())
    assert not is_provisioned(Keys(size=0))
    assert is_provisioned(Keys(rc=ports.ERR_FAILED))
    board = IdealBoard(ports.HEAD_SYRINGE)
    assert isinstance(gatekeeper_for(board), ClosedGatekeeper)
    board.store = Keys(ports.AREA_KEYS_B, 7)
    assert isinstance(gatekeeper_for(board), Gatekeeper)
