"""What the bare board takes from a Pico, from modules of make-believe: light, button and soft timer."""

import sys
import types

import pytest

from firmware import __main__ as program
from firmware.main import Loop
from firmware.therapy import tables as t
from hal.bare import pico
from tests.bare.session import infusing


class Pin:
    OUT = 1
    has_led = True

    def __init__(self, name, mode):
        if not self.has_led:
            raise ValueError('unknown named pin "LED"')
        self.name, self.mode, self.levels = name, mode, []
        self.value = self.levels.append


class Timer:
    PERIODIC = 1
    made = ()

    def __init__(self, period, mode, callback):
        self.period, self.mode, self.callback = period, mode, callback
        self.dead = False
        Timer.made = (*Timer.made, self)

    def deinit(self):
        self.dead = True


@pytest.fixture
def board(monkeypatch):
    machine, rp2 = types.ModuleType("machine"), types.ModuleType("rp2")
    machine.Pin, machine.Timer = Pin, Timer
    rp2.pressed = False
    rp2.bootsel_button = lambda: rp2.pressed
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setitem(sys.modules, "rp2", rp2)
    monkeypatch.setattr(pico.sys, "platform", "rp2")
    monkeypatch.setattr(Timer, "made", ())
    return types.SimpleNamespace(machine=machine, rp2=rp2)


class Nobody:
    """A console that nobody reads or types at, whose wait lets the timer fire."""

    def get(self):
        return -1

    def put(self, buffer, count):
        return 0

    def wait(self, ms):
        for timer in Timer.made:
            if not timer.dead:
                timer.callback(timer)


def test_on_a_board_turns_come_from_its_timer_and_the_light_is_the_lamp(board):
    desk = program.build(program.Options(["--seconds", "20"]), Nobody(), True)
    assert desk.board.pacer.button is board.rp2.bootsel_button
    light = desk.board.lamp.__self__
    desk.key(ord("h"))
    program.play(desk)
    assert [timer.period for timer in Timer.made] == [100] and Timer.made[0].dead
    assert desk.board.status.trust == t.TR_SUSPECT
    assert light[:4] == [1, 0, 1, 0], "medium: half a hertz"


def test_a_board_without_light_or_button_runs_all_the_same(board, monkeypatch):
    monkeypatch.setattr(Pin, "has_led", False)
    del board.rp2.bootsel_button
    desk = program.build(program.Options(["--seconds", "3"]), Nobody(), True)
    assert desk.board.lamp is None and desk.board.pacer.button is None
    program.play(desk)
    assert desk.board.status.delivery == t.ST_STANDBY


def test_bootsel_stops_once_a_press():
    session = infusing()
    pressed = [True]
    pacer = session.board.pacer
    pacer.button = lambda: pressed[0]
    pacer._wall_ms = lambda: session.board.clock.ms
    session.pass_s(1)
    assert session.status.delivery == t.ST_PAUSED
    session.type("g", 3)
    assert session.status.delivery == t.ST_INFUSING, "held, it is still one press"
    pressed[0] = False
    session.pass_s(1)
    pressed[0] = True
    session.pass_s(1)
    assert session.status.delivery == t.ST_PAUSED
    assert isinstance(session.loop, Loop) and session.loop.raised == 0
