"""The two ends of the link joined in one process: every port behaves as the board's own."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from firmware.therapy.tables import EV_LINK_LOST
from hal import ports
from hal.lockstep.serve import serve
from simulator.clock import VirtualClock
from simulator.devices.board import SimBoard
from simulator.devices.flash import ERASE_MS
from simulator.homes.base import HomeError
from simulator.homes.lockstep import Lockstep
from simulator.homes.peer import Peer
from simulator.plant import Plant, PlantConfig


class Probe:
    """An app that runs `turn(self)` each turn and keeps what it found."""

    def __init__(self, board: Any, turn: Any) -> None:
        self.board = board
        self.readings = ports.Readings()
        self.drive = ports.Drive()
        self.controller = self
        self.status = ports.Status()
        self.found: list[Any] = []
        self._turn = turn

    def step(self) -> None:
        self._turn(self)


class Joined:
    """A lockstep host and a served probe on two pipes."""

    def __init__(self, turn: Any) -> None:
        clock = VirtualClock(1000)
        self.clock = clock
        self.board = SimBoard(clock, Plant(PlantConfig(head=ports.HEAD_VOLUMETRIC, reservoir_ul=100_000), 1), 1)
        to_device, to_host = os.pipe(), os.pipe()
        self._ours = (to_device[1], to_host[0])
        self._theirs = (os.fdopen(to_device[0], "rb", buffering=0), os.fdopen(to_host[1], "wb", buffering=0))
        self.probes: list[Probe] = []
        self.result: list[bool] = []
        self._thread = threading.Thread(target=self._device, args=(turn,))
        self._thread.start()
        self.host = Lockstep(Peer(self._send, lambda want, timeout_s: os.read(self._ours[1], 65_536)), self.board)
        self.host.boot()

    def _send(self, data: bytes) -> None:
        os.write(self._ours[0], data)

    def _device(self, turn: Any) -> None:
        def make(board: Any) -> Probe:
            self.probes.append(Probe(board, turn))
            return self.probes[0]

        self.result.append(serve(*self._theirs, make, "probe"))
        for stream in self._theirs:
            stream.close()

    def turn(self) -> Any:
        """One turn; returns what the probe has found so far."""
        self.clock.advance(100)
        self.host.turn()
        return self.probes[0].found

    def close(self) -> None:
        os.close(self._ours[0])
        self._thread.join(5)
        os.close(self._ours[1])
        assert not self._thread.is_alive()


@pytest.fixture
def join() -> Any:
    """Builds Joined pairs and ends them."""
    made: list[Joined] = []

    def build(turn: Any) -> Joined:
        made.append(Joined(turn))
        return made[-1]

    yield build
    for pair in made:
        pair.close()


def test_readings_clock_and_head_arrive(join: Any) -> None:
    def turn(app: Probe) -> None:
        app.board.read(app.readings)
        app.found[:] = [app.board.head, app.board.clock.ticks_ms(), app.readings]

    pair = join(turn)
    head, now_ms, readings = pair.turn()
    there = ports.Readings()
    pair.board.read(there)
    assert (head, now_ms) == (ports.HEAD_VOLUMETRIC, pair.clock.ticks_ms())
    for name in ports.Readings.__slots__:
        assert getattr(readings, name) == getattr(there, name), name


def test_drive_and_status_come_back(join: Any) -> None:
    def turn(app: Probe) -> None:
        app.drive.step_rate_mhz, app.drive.step_end, app.drive.enable, app.drive.relay = -5, 77, 1, 1
        for place, name in enumerate(ports.Status.__slots__):
            setattr(app.status, name, place - 3)
        app.board.write(app.drive)
        app.board.show(app.status)

    pair = join(turn)
    pair.turn()
    drive = pair.host.drive
    assert (drive.step_rate_mhz, drive.step_end, drive.enable, drive.relay) == (-5, 77, 1, 1)
    for place, name in enumerate(ports.Status.__slots__):
        assert getattr(pair.host.status, name) == place - 3
    assert pair.board.status is pair.host.status


def test_the_store_is_the_far_end_s_and_an_erase_takes_its_time(join: Any) -> None:
    data = bytes(range(256)) * 12  # longer than one call carries

    def turn(app: Probe) -> None:
        store = app.board.store
        area = ports.AREA_JOURNAL_A
        before = app.board.clock.ticks_ms()
        back = bytearray(len(data))
        codes = [
            store.erase(area),
            store.write(area, 5, data),
            store.read(area, 5, back),
            store.write(area, 5, b"\xff"),
        ]
        past = store.read(area, store.size(area), bytearray(1))
        app.found[:] = [codes, bytes(back), past, app.board.clock.ticks_ms() - before]

    pair = join(turn)
    codes, back, past, took = pair.turn()
    assert codes == [ports.OK, ports.OK, ports.OK, ports.ERR_FAILED]
    assert back == data
    assert past == ports.ERR_RANGE
    assert took == ERASE_MS


def test_the_motor_does_not_wait_for_the_store(join: Any) -> None:
    seen = []

    def turn(app: Probe) -> None:
        app.drive.enable = app.drive.relay = 1
        app.board.write(app.drive)
        app.board.show(app.status)
        app.board.store.erase(ports.AREA_JOURNAL_A)

    pair = join(turn)
    write, erase = pair.board.write, pair.board.store.erase
    pair.board.write = lambda drive: (seen.append("drive"), write(drive))
    pair.board.store.erase = lambda area: (seen.append("erase"), erase(area))[1]
    pair.turn()
    assert seen == ["drive", "erase"]


def test_small_parts_answer_as_the_board_s_own(join: Any) -> None:
    def turn(app: Probe) -> None:
        board = app.board
        noise = bytearray(16)
        board.watchdog.feed()
        app.found[:] = [
            board.rtc.read_s(), board.identity.present(), board.counter.advance(), board.counter.read(),
            board.entropy.fill(noise), bytes(noise),
        ]  # fmt: skip

    pair = join(turn)
    found = pair.turn()
    assert found[:5] == [pair.board.rtc.read_s(), -1, ports.OK, 1, ports.OK]
    assert any(found[5])
    assert pair.board.watchdog.fed_ms == pair.clock.ms


def test_network_bytes_pass_both_ways_whole_and_in_order(join: Any) -> None:
    sent = bytes(range(1, 201))

    def turn(app: Probe) -> None:
        into = bytearray(20)
        count = app.board.link.receive(into)
        app.found.append(bytes(into[:count]))
        assert app.board.link.send(into, count) == count

    pair = join(turn)
    pair.board.link.deliver(sent)
    for _ in range(12):
        pair.turn()
    assert b"".join(pair.probes[0].found) == sent
    assert bytes(pair.board.link.sent) == sent


@pytest.mark.parametrize(("count", "taken"), [(-5, 0), (0, 0), (3, 3), (99, 4)])
def test_a_count_that_cannot_be_takes_what_there_is(join: Any, count: int, taken: int) -> None:
    def turn(app: Probe) -> None:
        app.found.append(app.board.link.send(b"abcd", count))

    pair = join(turn)
    assert pair.turn() == [taken]
    assert pair.board.link.send(b"abcd", count) == taken
    assert bytes(pair.board.link.sent) == 2 * b"abcd"[:taken]


def test_a_firmware_that_raises_says_why(join: Any) -> None:
    def turn(app: Probe) -> None:
        raise ValueError("the reason")

    pair = join(turn)
    with pytest.raises(HomeError, match="ValueError: the reason"):
        pair.turn()
    assert pair.result in ([], [False])


def test_goodbye_ends_the_device_in_peace(join: Any) -> None:
    pair = join(lambda app: None)
    pair.turn()
    pair.host.bye()
    pair._thread.join(5)
    assert pair.result == [True]


def test_no_frame_carries_a_trust_event() -> None:
    # They come as network bytes, through the gatekeeper: the link has no opcode for them.
    from hal.lockstep import frames

    assert not [name for name in vars(frames) if "TRUST" in name or name.startswith("EV_")]
    assert EV_LINK_LOST == 0
