"""A comms that blocks for two seconds on a pump with a plant, against the same pump undisturbed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from firmware.app import App
from firmware.therapy import alarms as al
from hal import ports
from simulator.clock import VirtualClock
from simulator.devices.board import TICK_MS, SimBoard
from simulator.ideal import prescription
from simulator.partitions import Means, Partitioned
from simulator.plant import Plant, PlantConfig
from simulator.standins.comms import BLOCK_MS, Mute
from simulator.trace import TherapyRecord, Trace, decode_therapy

START_MS = 2_000
_SECOND_MS = 1_000


class BlocksOnce(Mute):
    """Blocks at the moment that it is told, leave or not."""

    def act(self) -> None:
        if self.means.due():
            self.means.block(BLOCK_MS)


class AsksLeave(BlocksOnce):
    """From that moment on, as soon as the leave outlasts it."""

    def act(self) -> None:
        if self.means.due(late=True) and self.leave.ms >= BLOCK_MS:
            self.means.block(BLOCK_MS)


class Appointed(Means):
    """Means with an appointment."""

    def __init__(self, board: Any, at_ms: int | None) -> None:
        super().__init__(board)
        self._at_ms = at_ms

    def due(self, late: bool = False) -> bool:
        """Whether the block is due, once."""
        now = self._board.clock.ms
        if self._at_ms is None or self.blocked:
            return False
        return now == self._at_ms or (late and now > self._at_ms)


@dataclass
class Course:
    """What a pump did: the step generator's count at each second, the trace's records, what was lost."""

    steps: list[int] = field(default_factory=list)
    records: list[TherapyRecord] = field(default_factory=list)
    lost_ul: int = 0
    told: bool = False  # the alarm that volume was lost
    blocked_ms: int = -1


@dataclass(frozen=True)
class Case:
    """An infusion: head, rate, and keys by time."""

    rate_ul_h: int
    head: int = ports.HEAD_VOLUMETRIC
    vtbi_ul: int = 0
    keys: tuple[tuple[int, int], ...] = ()  # (ms, KEY_*)
    until_ms: int = 20_000


def course(case: Case, at_ms: int | None, kind: type[Mute] = BlocksOnce, make_app: Callable[..., Any] = App) -> Course:
    """Run `case`; comms of `kind` blocks from `at_ms` on, or never."""
    clock = VirtualClock()
    plant = Plant(PlantConfig(head=case.head, syringe=5 if case.head == ports.HEAD_SYRINGE else 0, reservoir_ul=50_000))
    board = SimBoard(clock, plant)
    pump = Partitioned(board, kind, make_app, Appointed(board, at_ms))
    pump.controller.library_ok = True
    rx: Any = prescription(case.rate_ul_h, case.vtbi_ul, head=case.head)
    rx.clinician_ul, rx.clinician_ul_h = 1_000, 600_000 if case.head == ports.HEAD_VOLUMETRIC else 100_000
    keys = [(START_MS - 500, ports.KEY_PROGRAMME), (START_MS, ports.KEY_START), *case.keys]
    trace = Trace(keep=True)
    seen = Course()
    while clock.ms < case.until_ms:
        clock.advance(TICK_MS - clock.ms % TICK_MS)
        now = clock.ms
        if now == START_MS:
            pump.app.therapy.offer_prescription(rx)
        while keys and keys[0][0] <= now:
            board.press(keys.pop(0)[1])
        pump.step()
        trace.observe(now, pump.drive, pump.controller.status)
        # Time may have passed in there, past a second or two; nothing was written to the plant meanwhile.
        while len(seen.steps) * _SECOND_MS <= clock.ms:
            seen.steps.append(plant.generator.count(len(seen.steps) * _SECOND_MS))
    seen.records = decode_therapy(trace.therapy or b"")
    seen.lost_ul = pump.controller.status.lost_ul
    seen.told = pump.controller.status.therapy_alarms >> al.AL_VOLUME_LOST & 1 != 0
    if pump.means.blocked:
        seen.blocked_ms = pump.means.blocked[0]
    return seen


# Where the lease outlasts a block and two ticks: nothing may show.
_COVERED = (250, 1_000, 5_000, 25_000, 60_000, 119_000, 120_000, 121_000, 150_000, 163_000)
# Slower than that a step takes longer than the lease exceeds the block: one may come late.
_SLOW = (100, 200)
_FAST = (200_000, 300_000, 600_000, 1_200_000)
_SYRINGE = (1_000, 5_000, 60_000, 150_000)
_BOLUS = ((4_000, ports.KEY_CLINICIAN_BOLUS),)
_FIRST_MS, _LAST_MS = 3_000, 12_000
_LEASE_UNITS, _LEASE_MS = 360_000_000, 3_000
_STEP_UL = 1
_STEP_NL = 62.5  # of the volumetric head, the larger one
# Where a bolus ends within the block, the base rate's lease is pumped at the bolus's rate: early, and no more than it.
_MOST_EARLY_NL = 100_000


def cases() -> list[tuple[str, Case]]:
    """(what is promised, case) for every head and rate."""
    found = [("covered", Case(rate)) for rate in _COVERED]
    found += [("covered", Case(rate, ports.HEAD_SYRINGE)) for rate in _SYRINGE]
    found += [("slow", Case(rate)) for rate in _SLOW]
    found += [("slow", Case(100, ports.HEAD_SYRINGE))]
    found += [("fast", Case(rate)) for rate in _FAST]
    found += [("fast", Case(60_000, keys=_BOLUS)), ("fast", Case(60_000, ports.HEAD_SYRINGE, keys=_BOLUS))]
    return found


def _moments(case: Case, deep: bool) -> range:
    first_ms = case.keys[0][0] + TICK_MS if case.keys else _FIRST_MS
    return range(first_ms, _LAST_MS, TICK_MS if deep else 11 * TICK_MS)


def count(deep: bool) -> int:
    """How many blocks `evidence` tries."""
    return sum(len(_moments(case, deep)) for _, case in cases())


def evidence(deep: bool, mutant: Any) -> Iterator[list[str]]:
    """Blocks at many moments of each case; each yields what is off."""
    make_app = App if mutant is None else mutant.make_app
    for promise, case in cases():
        due = course(case, None)
        if due.steps[-1] == 0:
            yield [f"{case.rate_ul_h} µL/h, head {case.head}: nothing flows even undisturbed"]
        for at_ms in _moments(case, deep):
            off = list(_off(promise, case, course(case, at_ms, BlocksOnce, make_app), due))
            if promise == "fast":
                asked = course(case, at_ms, AsksLeave, make_app)
                off += [f"where it asked for leave, {what}" for what in _off("covered", case, asked, due)]
            yield [f"{case.rate_ul_h} µL/h, head {case.head}, block at {at_ms} ms: {what}" for what in off]


def _off(promise: str, case: Case, seen: Course, due: Course) -> Iterator[str]:
    late = [there - here for here, there in zip(seen.steps, due.steps, strict=True)]
    if late[-1] < 0:
        yield f"{-late[-1]} steps more in the end"
    if promise == "fast":
        most = _most_lost_ul(case)
        if seen.lost_ul > most:
            yield f"{seen.lost_ul} µL lost, {most} at most are said"
        if seen.lost_ul and not seen.told:
            yield "nobody was told of the loss"
        if min(late) * _STEP_NL < -_MOST_EARLY_NL:
            yield f"{-min(late)} steps early"
        return
    most = 1 if promise == "slow" else 0
    if max(late) > most or min(late) < -most:
        yield f"{min(late)} to {max(late)} steps late at a second"
    after = seen.blocked_ms + BLOCK_MS + 2 * TICK_MS if seen.blocked_ms >= 0 else 0
    if [r for r in seen.records if r.t_ms >= after] != [r for r in due.records if r.t_ms >= after]:
        yield "the stream differs past the second tick"


def _most_lost_ul(case: Case) -> int:
    """What the block and a tick last longer than the lease, at the fastest rate of the case."""
    rate = case.rate_ul_h + (600_000 if case.keys else 0)
    lease_ms = min(_LEASE_MS, _LEASE_UNITS // rate)
    return (BLOCK_MS + TICK_MS - lease_ms) * rate // 3_600_000 + _STEP_UL
