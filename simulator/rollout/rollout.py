"""A staged roll-out: one pump first, then a few at a time; it stops when one of them does not confirm the image.

    result = await Rollout(release, lines, RolloutRecord(path), now=lambda: datetime.now(UTC)).run()

A pump that refuses, reverts, is silent or does not confirm in time stops it: nothing more is brought to any pump, and
what was under way in that stage is watched to its end. A pump at which something flows is no failure: it waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from firmware.update import booted, reasons, updater
from simulator.rollout import record as rec
from simulator.rollout.line import Line, Standing
from simulator.rollout.push import Busy, Progress, PushError, Silent, ask_install, push
from simulator.rollout.record import RolloutRecord

# What became of a pump.
CONFIRMED = "confirmed"
REVERTED = "reverted"
REFUSED = "refused"
LATE = "not confirmed in time"
WAITS = "waits"  # something flows there
NOT_BEGUN = "not begun"
FAILURES = (REVERTED, REFUSED, LATE)
_LOOK_S = 1.0
_GIVEN_UP = (reasons.NOT_CONFIRMED, reasons.TRIAL_FAILED)


@dataclass(frozen=True)
class Release:
    """An image for a ward. number: its manifest's sequence number; envelopes: one for each pump, by its id."""

    number: int
    payload: bytes
    envelopes: Mapping[str, bytes]


@dataclass(frozen=True)
class Plan:
    """How many pumps first, and how many at a time then; how long a pump may take from INSTALL to its confirmation."""

    canary: int = 1
    batch: int = 4
    confirm_s: float = 4 * 3600.0

    def __post_init__(self) -> None:
        if self.canary < 1 or self.batch < 1 or self.confirm_s <= 0:
            raise ValueError("a roll-out begins with at least one pump, goes on with at least one, and gives it time")


@dataclass
class Result:
    """What became of each pump, in the roll-out's order. why: of those that failed, in words."""

    number: int
    states: dict[str, str]
    why: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> list[str]:
        """Pumps that stopped it."""
        return [pump for pump, state in self.states.items() if state in FAILURES]

    @property
    def stopped(self) -> bool:
        """Whether it was stopped."""
        return bool(self.failed)

    @property
    def complete(self) -> bool:
        """Whether every pump has confirmed the image."""
        return all(state == CONFIRMED for state in self.states.values())


class Rollout:
    """One image, some pumps, one record. `run` may be called again, and by another process: it goes on."""

    def __init__(
        self, release: Release, lines: Sequence[Line], record: RolloutRecord, now: Callable[[], datetime],
        plan: Plan | None = None, again: Sequence[str] = (),
        progress: Callable[[str], Progress] = lambda pump: lambda done, total: None,
    ) -> None:
        """`again`: pumps that failed earlier and are to be tried once more. ValueError where a pump has no envelope."""
        missing = [line.pump_id for line in lines if line.pump_id not in release.envelopes]
        if missing:
            raise ValueError(f"no envelope for pump {', '.join(missing)}; 'kvo sign countersign --site' makes one for "
                             "each")  # fmt: skip
        self._release = release
        self._lines = list(lines)
        self._record = record
        self._now = now
        self._plan = plan or Plan()
        self._progress = progress
        self.result = Result(release.number, {line.pump_id: self._of_record(line.pump_id, again) for line in lines})

    def _of_record(self, pump: str, again: Sequence[str]) -> str:
        """How an earlier run has left it."""
        event = self._record.last.get((pump, self._release.number))
        if event == rec.CONFIRM:
            return CONFIRMED
        if event not in rec.FAILED or pump in again:
            return NOT_BEGUN
        return REVERTED if event == rec.REVERT else REFUSED

    async def run(self) -> Result:
        """Go on until every pump has confirmed it or waits, or one has failed. RecordProblem where it is not noted."""
        self.result.why.update({pump: self._record.reasons.get((pump, self._release.number), "")
                                for pump in self.result.failed})  # fmt: skip
        if self._release.number not in self._record.released:
            self._record.add(self._now(), "release", self._release.number)
        for stage in self.stages():
            if self.stops():
                break
            await self._carry_out(stage)
        return self.result

    def stages(self) -> Iterator[list[Line]]:
        """The canary, then batches."""
        plan = self._plan
        yield self._lines[: plan.canary]
        for at in range(plan.canary, len(self._lines), plan.batch):
            yield self._lines[at : at + plan.batch]

    def stops(self) -> bool:
        """Whether nothing more is brought to anybody."""
        return self.result.stopped

    async def _carry_out(self, stage: list[Line]) -> None:
        """Bring it to each of a stage, have it installed, and watch until each is done with it."""
        brought = []
        for line in stage:
            if self.stops():
                break
            if self.result.states[line.pump_id] == NOT_BEGUN and await self._bring(line):
                brought.append(line)
        watched: list[_Watch] = []
        for line in brought:
            if self.stops():
                break
            try:
                if not self._is_installed(line.standing):
                    await ask_install(line, self._release.number)
            except Silent:
                pass  # it may have heard: its time decides
            except PushError as wrong:
                self._fail(line, REFUSED, rec.REFUSE, str(wrong))
                continue
            watched.append(_Watch(line, line.now_s() + self._plan.confirm_s))
        while watched:
            await watched[0].line.wait(_LOOK_S)
            watched = [watch for watch in watched if not self._settle(watch)]

    def _is_installed(self, standing: Standing | None) -> bool:
        """Whether it is tried at the next start, or runs: an earlier run had it installed."""
        if standing is None:
            return False
        number = self._release.number
        return standing.runs == number or (standing.state == updater.INSTALLED and standing.number == number)

    async def _bring(self, line: Line) -> bool:
        """Push it; whether it is there."""
        number, standing = self._release.number, line.standing
        if standing is not None and standing.runs == number:
            return True  # on trial, or for good: an earlier run brought it
        last = self._record.last.get((line.pump_id, number))
        given_up = standing is not None and last == rec.PUSH and standing.reason in _GIVEN_UP
        if standing is not None and (given_up or last == rec.INSTALL):
            self._fail(line, REVERTED, rec.REVERT, f"runs {standing.runs} again: nobody saw it")
            return False
        try:
            await push(line, self._release.envelopes[line.pump_id], self._release.payload, number,
                       self._progress(line.pump_id))  # fmt: skip
        except Busy:
            self.result.states[line.pump_id] = WAITS
            return False
        except PushError as wrong:
            self._fail(line, REFUSED, rec.REFUSE, str(wrong))
            return False
        if last != rec.PUSH:
            self._record.add(self._now(), rec.PUSH, number, line.pump_id)
        return True

    def _fail(self, line: Line, state: str, event: str, why: str) -> None:
        self._record.add(self._now(), event, self._release.number, line.pump_id, why)
        self.result.states[line.pump_id] = state
        self.result.why[line.pump_id] = why

    def _settle(self, watch: _Watch) -> bool:
        """Whether nothing more is to come of a pump; what came of it is noted."""
        line, number = watch.line, self._release.number
        outcome = self.judge(watch)
        if watch.tried and not watch.noted:
            watch.noted = True
            self._record.add(self._now(), rec.INSTALL, number, line.pump_id)
        if outcome == CONFIRMED:
            self._record.add(self._now(), rec.CONFIRM, number, line.pump_id)
            self.result.states[line.pump_id] = CONFIRMED
        elif outcome == REVERTED:
            self._fail(line, REVERTED, rec.REVERT, watch.why)
        elif line.now_s() >= watch.end_s:
            self._late(line)
            return True
        return bool(outcome)

    def _late(self, line: Line) -> None:
        self._fail(line, LATE, rec.REFUSE, f"not confirmed within {self._plan.confirm_s:g} s")

    def judge(self, watch: _Watch) -> str:
        """What has come of a pump that was asked to install it: CONFIRMED, REVERTED, or "" where nothing has yet."""
        standing = watch.line.standing
        if standing is None:
            return ""
        if standing.runs == self._release.number:
            watch.tried = True
            if standing.mode == booted.CONFIRMED:
                return CONFIRMED
        if standing.reason in _GIVEN_UP:
            watch.why = "its self-test failed" if standing.reason == reasons.TRIAL_FAILED else "restarted in its trial"
            return REVERTED
        if standing.mode == booted.RECOVERY or (watch.tried and standing.runs != self._release.number):
            watch.why = "recovers" if standing.mode == booted.RECOVERY else f"runs {standing.runs} again"
            return REVERTED
        return ""


@dataclass
class _Watch:
    """A pump that was asked to install: until when, whether its trial has begun, and whether that was noted."""

    line: Line
    end_s: float
    tried: bool = False
    noted: bool = False
    why: str = ""
