"""Virtual time against the machine's own: by a soft timer, or in the main loop at one speed or another."""

from itertools import pairwise

import pytest

from firmware.app import App
from firmware.main import Loop
from firmware.trust.closed import ClosedGatekeeper
from hal import ports
from hal.bare.desk import make_desk
from hal.bare.pacer import STALE_MS, BarePacer


class Quiet:
    """A panel that counts how often it was drawn."""

    drawn = stepped = 0

    def draw(self):
        self.drawn += 1

    def step(self):
        self.stepped += 1

    def redraw(self):
        pass


class Machine:
    """A wall clock, a console that waits on it, and soft timers that fire while it does."""

    def __init__(self, work_ms=0, keys=b""):
        self.ms = 1_073_741_000  # wraps soon
        self.work_ms = work_ms
        self.keys = bytearray(keys)
        self.flood = False
        self.timers = []

    def wall_ms(self):
        return self.ms & 0x3FFFFFFF

    def get(self):
        if self.flood:
            return ord("?")
        return self.keys.pop(0) if self.keys else -1

    def wait(self, ms):
        self.pass_ms(0 if self.flood else ms)

    def pass_ms(self, ms):
        for _ in range(ms):
            self.ms += 1
            for timer in list(self.timers):
                timer.tick()

    def make_timer(self, period_ms, call):
        return Timer(self, period_ms, call)


class Timer:
    """As machine.Timer."""

    def __init__(self, machine, period_ms, call):
        self.machine, self.period_ms, self.call = machine, period_ms, call
        self.due_ms = machine.ms + period_ms
        self.dead = False
        machine.timers.append(self)

    def tick(self):
        if not self.dead and self.machine.ms >= self.due_ms:
            self.due_ms += self.period_ms
            self.call(self)

    def deinit(self):
        self.machine.timers.remove(self)


def rig(machine, speed=1, timer=False, limit_s=-1):
    desk = make_desk(ports.HEAD_VOLUMETRIC)
    desk.speed = speed
    panel = Quiet()
    board = desk.board
    made = machine.make_timer if timer else None
    board.pacer = BarePacer(desk, panel, machine, limit_s, made, machine.wall_ms)
    turns = []
    loop = Loop(App(board, ClosedGatekeeper(board)), board.pacer, board.clock)
    turn = loop.app.turn

    def counted():
        turns.append(machine.ms)
        machine.ms += machine.work_ms
        turn()

    loop.app.turn = counted
    return desk, panel, loop, turns


@pytest.mark.parametrize("speed", [1, 10, 60])
@pytest.mark.parametrize("timer", [False, True])
def test_time_keeps_its_pace(speed, timer):
    machine = Machine()
    desk, _, loop, turns = rig(machine, speed, timer, limit_s=60)
    began = machine.ms
    loop.run()
    assert desk.board.clock.s == 60
    # A timer's period is a whole number of ms: 1 for 1.67.
    pace = 100 if speed == 60 and timer else speed
    assert machine.ms - began == pytest.approx(60_000 / pace, rel=0.03)
    assert len(turns) in (599, 600, 601)
    assert machine.timers == []


def test_a_flood_of_keys_does_not_hurry_time():
    machine = Machine()
    desk, _, _, _ = rig(machine)
    machine.flood = True
    for _ in range(1_000):
        desk.board.pacer.rest()
    assert desk.board.clock.s == 0


def test_a_machine_that_is_too_slow_for_a_speed_makes_nothing_up():
    machine = Machine(work_ms=50)
    _, _, loop, turns = rig(machine, 60, limit_s=60)
    loop.run()
    assert len(turns) in (599, 600, 601)
    assert max(b - a for a, b in pairwise(turns)) <= 100


def test_a_timer_that_stops_leaves_the_turns_to_the_main_loop():
    machine = Machine()
    desk, _, loop, turns = rig(machine, timer=True, limit_s=20)
    machine.timers[0].dead = True
    loop.run()
    assert len(turns) >= 20_000 // (STALE_MS + 100)
    assert desk.board.clock.s == 20


def test_with_a_timer_the_panel_is_drawn_in_pieces():
    machine = Machine()
    _, panel, loop, _ = rig(machine, timer=True, limit_s=5)
    loop.run()
    assert panel.stepped > 1_000 and panel.drawn == 1


def test_a_change_of_speed_makes_another_timer():
    machine = Machine(keys=b"2")
    _, _, loop, _ = rig(machine, timer=True, limit_s=30)
    began = machine.ms
    loop.run()
    assert machine.ms - began < 4_000 and machine.timers == []


def test_a_stall_lets_no_timer_in_between():
    machine = Machine(keys=b"G")
    desk, _, loop, turns = rig(machine, timer=True, limit_s=12)
    advance = desk.board.advance
    turn = loop.app.turn
    inside, frozen = [], []

    def pre_empted(ms):
        if not inside:
            inside.append(ms)
            machine.timers[0].call(None)
            inside.pop()
        advance(ms)

    def looked():
        frozen.append(desk.frozen)
        turn()

    desk.board.advance = pre_empted
    loop.app.turn = looked
    loop.run()
    assert frozen and not any(frozen)
    assert len(turns) <= 60, "nine seconds of twelve had none"
