"""Both ends of the link over streams that are spoilt at random: every turn runs once, in order, or the link is lost.

Sequential in one process: the device's end runs in a thread that works only while the host waits,
and a wait is over as soon as the device wants to read and has nothing. So no clock decides anything.
"""

from __future__ import annotations

import threading
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal import ports
from hal.lockstep import frames
from hal.lockstep.channel import Channel
from hal.lockstep.serve import serve
from simulator.clock import VirtualClock
from simulator.devices.board import SimBoard
from simulator.homes.base import HomeError, LinkLost
from simulator.homes.lockstep import Lockstep
from simulator.homes.peer import Patience, Peer
from simulator.plant import Plant, PlantConfig
from tools.link_proxy import Spoil, Spoiler

FATES = ("drop", "double", "tear", "garble", "swap", "noise")
TURNS = 12
# Nothing here waits: the stream says at once that it is silent. Only the tries count.
PATIENCE = Patience(1e9, 1, 1e-9, 1e-9)


class Wire:
    """Bytes to the device and back; `close` ends both."""

    def __init__(self, spoil: Spoil, seed: int) -> None:
        self._changed = threading.Condition()
        self._there = bytearray()
        self._back = bytearray()
        self._out = Spoiler(spoil, f"{seed}/out")
        self._in = Spoiler(spoil, f"{seed}/in")
        self._starves = False
        self._open = True
        self.tries = 0

    # The host's side.

    def send(self, data: bytes) -> None:
        with self._changed:
            for _, piece in self._out.pieces(data):
                self._there += piece
            self._starves = self._starves and not self._there
            self._changed.notify_all()

    def receive(self, want: int, timeout_s: float) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._back or self._starves or not self._open)
            if self._back:
                data = bytes(self._back[:want])
                del self._back[:want]
                return data
            if not self._open:
                return b""
            self.tries += 1
            if self.tries > 300:
                raise LinkLost("asked in vain")
            return None

    # The device's side.

    def readinto(self, into: memoryview) -> int:
        with self._changed:
            self._starves = not self._there
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._there or not self._open)
            self._starves = False
            count = min(len(into), len(self._there))
            into[:count] = self._there[:count]
            del self._there[:count]
            return count

    def write(self, data: memoryview) -> int:
        with self._changed:
            for _, piece in self._in.pieces(bytes(data)):
                self._back += piece
            return len(data)

    def close(self) -> None:
        with self._changed:
            self._open = False
            self._changed.notify_all()


class Counter:
    """An app that does what must not be done twice: it advances a counter and writes its number."""

    def __init__(self, board: Any) -> None:
        self.board = board
        self.readings = ports.Readings()
        self.drive = ports.Drive()
        self.controller = self
        self.status = ports.Status()
        self.clocks: list[int] = []

    def step(self) -> None:
        board = self.board
        board.read(self.readings)
        self.clocks.append(board.clock.ticks_ms())
        self.drive.step_rate_mhz += 1
        self.drive.enable = self.drive.relay = 1
        board.write(self.drive)
        board.show(self.status)
        board.counter.advance()
        assert board.store.write(ports.AREA_JOURNAL_A, len(self.clocks), bytes([len(self.clocks)])) == ports.OK


class Run:
    """A host and a device at the two ends of a Wire."""

    def __init__(self, spoil: Spoil, seed: int, make_channel: Any = Channel) -> None:
        self.wire = Wire(spoil, seed)
        self.clock = VirtualClock(1000)
        self.board = SimBoard(self.clock, Plant(PlantConfig(head=ports.HEAD_VOLUMETRIC, reservoir_ul=100_000), 1), 1)
        self.driven: list[int] = []
        self.board.write = lambda drive: self.driven.append(drive.step_rate_mhz)  # type: ignore[method-assign]
        self.apps: list[Counter] = []
        self.ended: list[bool] = []
        self._make_channel = make_channel
        self._thread = threading.Thread(target=self._device)
        self._thread.start()
        self.peer = Peer(self.wire.send, self.wire.receive, PATIENCE)
        self.host = Lockstep(self.peer, self.board)

    def _device(self) -> None:
        def make(board: Any) -> Counter:
            self.apps.append(Counter(board))
            return self.apps[-1]

        self.ended.append(serve(self.wire, self.wire, make, "counter", self._make_channel))

    def turns(self, count: int) -> None:
        for _ in range(count):
            self.wire.tries = 0
            self.clock.advance(100)
            self.host.turn()

    def close(self) -> None:
        self.wire.close()
        self._thread.join(10)
        assert not self._thread.is_alive()


def as_asked(run: Run) -> bool:
    """Whether each turn ran once, in order, and so did each call and each drive."""
    (app,) = run.apps
    count = len(app.clocks)
    stored = bytearray(count)
    run.board.store.read(ports.AREA_JOURNAL_A, 1, stored)
    return (
        app.clocks == [1000 + 100 * turn for turn in range(1, TURNS + 1)][:count]
        and run.driven == list(range(1, TURNS + 1))[: len(run.driven)]
        and bytes(stored) == bytes(range(1, count + 1))
        and run.board.counter.value in (count, count - 1)
    )


SHARES = st.fixed_dictionaries({fate: st.floats(0, 0.12) for fate in FATES})


@settings(max_examples=150)
@given(SHARES, st.integers(0, 2**32))
def test_each_turn_runs_once_and_in_order_or_the_link_is_lost(shares: dict[str, float], seed: int) -> None:
    run = Run(Spoil(**shares), seed)
    try:
        run.host.boot()
        run.turns(TURNS)
        assert len(run.apps[0].clocks) == len(run.driven) == run.board.counter.value == TURNS
        assert as_asked(run)
    except LinkLost:
        assert as_asked(run) if run.apps else not run.driven
    finally:
        run.close()


@pytest.mark.parametrize("fate", FATES)
def test_a_single_fate_of_one_piece_in_five_is_overcome(fate: str) -> None:
    for seed in range(8):
        run = Run(Spoil(**{fate: 0.2}), seed)
        try:
            run.host.boot()
            run.turns(TURNS)
            assert len(run.driven) == TURNS and as_asked(run)
        finally:
            run.close()


class TakesAll(Channel):
    """A mutant: acts upon every frame, known or not."""

    def is_new(self, kind: int, sequence: int) -> bool:
        return True


def test_without_the_sequence_a_turn_runs_twice() -> None:
    # The two tests above can fail: here is what they would see.
    found = []
    for seed in range(20):
        run = Run(Spoil(drop=0.2, double=0.1), seed, TakesAll)
        try:
            run.host.boot()
            run.turns(TURNS)
            found.append(as_asked(run))
        except HomeError:
            found.append(False)
        finally:
            run.close()
    assert not all(found)


@given(st.binary(max_size=400), st.integers(0, 2**32))
def test_no_chance_bytes_are_an_answer(babble: bytes, seed: int) -> None:
    pieces = [babble[place : place + 37] for place in range(0, len(babble), 37)]
    shuffled = Random(seed).sample(pieces, len(pieces))

    def receive(want: int, timeout_s: float) -> bytes | None:
        return shuffled.pop() if shuffled else b""

    with pytest.raises(LinkLost, match="ended without a word"):
        Peer(lambda data: None, receive, PATIENCE).exchange(frames.BOOT, b"")


def test_a_stream_that_dies_leaves_the_drive_off() -> None:
    run = Run(Spoil(), 0)
    run.host.boot()
    run.turns(3)
    (app,) = run.apps
    assert (app.drive.step_rate_mhz, app.drive.enable, app.drive.relay) == (3, 1, 1)
    run.close()
    assert run.ended == [True]
    assert (app.drive.step_rate_mhz, app.drive.enable, app.drive.relay) == (0, 0, 0)


def test_a_host_that_boots_anew_gets_a_new_firmware_and_the_old_one_drives_nothing() -> None:
    run = Run(Spoil(), 0)
    try:
        run.host.boot()
        run.turns(3)
        run.driven.clear()
        second = Lockstep(Peer(run.wire.send, run.wire.receive, PATIENCE), run.board)
        second.boot()
        second.turn()
        old, new = run.apps
        assert (old.drive.step_rate_mhz, old.drive.enable, old.drive.relay) == (0, 0, 0)
        assert run.driven == [1] and len(new.clocks) == 1
        with pytest.raises(LinkLost):  # the first host's run is over
            run.turns(1)
    finally:
        run.close()


def test_a_firmware_that_raised_says_why_to_whoever_asks_again() -> None:
    class Raises(Counter):
        def step(self) -> None:
            raise ValueError("the reason")

    run = Run(Spoil(drop=0.4), 3)
    try:
        run.host.boot()
        run.apps[0].step = Raises.step.__get__(run.apps[0])  # type: ignore[method-assign]
        with pytest.raises(HomeError, match="ValueError: the reason"):
            run.turns(1)
    finally:
        run.close()
