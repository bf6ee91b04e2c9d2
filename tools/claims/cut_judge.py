"""Judges one cut: what a pump does that lost its power, held against the run that nobody interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from simulator.power import AFTER, WATCHDOG, Cut
from simulator.snapshot import Snapshot
from simulator.world import TICK_MS, World
from tools.claims.cut_scenes import FLOWING, Act, Reference, pumped_ul

# The bound that the guardian discloses, µL: at slow rates, and anywhere.
SLOW_UL_H = 20_000
SLOW_UL = 30
ANY_UL = 140
# From boot to flow, and from there to the verdict.
RESUME_MS = 2_000
JUDGED_MS = 60_000
# Of the flow, what is given since the last progress was stored is not known: it counts as given.
UNSURE_MS = 13_100
# Where flow is taken from the volume to be infused.
_IN_USE = (t.ST_INFUSING, t.ST_BOLUS, t.ST_PAUSED)
# What is shown of seconds may be one old on either side.
_STALE_S = 2


@dataclass(frozen=True)
class Case:
    """Cuts of one run, the first in the tick at `at_ms` of the reference.

    quiet_ms: power goes, for so long, right before that tick and in no store operation; the
    cuts come after it. flat: the RTC loses the time.
    """

    at_ms: int
    cuts: tuple[Cut, ...]
    quiet_ms: int | None = None
    flat: bool = False
    start_ms: int | None = None  # of the pump's clock at boot, where not the scene's

    @property
    def off_ms(self) -> int:
        """How long the power is away at first, or WATCHDOG."""
        return self.cuts[0].off_ms if self.quiet_ms is None else self.quiet_ms


@dataclass
class Verdict:
    """What came of a case: findings in words, and how far the volume strayed, µL."""

    findings: list[str]
    over_ul: float = 0.0
    under_ul: float = 0.0
    resumed: bool = False
    waited: bool = False


class Judge:
    """One case against a reference, tick by tick."""

    def __init__(self, reference: Reference, case: Case) -> None:
        self._reference = reference
        self._case = case
        self._verdict = Verdict([])
        quiet = case.quiet_ms is not None
        self._cut_ms = case.at_ms - TICK_MS if quiet else case.at_ms
        self._at = reference.at(self._cut_ms)
        self._before = self._at if quiet else reference.at(case.at_ms - TICK_MS)
        pending = reference.pending(self._cut_ms)
        # Acts that may be half done, and those whose volume may be missing.
        self._half_done = {pending} if pending is not None else set()
        self._undone = set(self._half_done)
        self._in_the_dark: set[Act] = set()  # asked of a pump without power: done late, or never
        self._must_wait = case.flat or case.off_ms > reference.off_limit_ms
        self._forfeits = self._at.bolus != 0
        self._starting = self._cut_ms <= reference.started_ms() + 2 * TICK_MS
        fastest = max(seen.rate_ul_h for seen in reference.seen)
        self._bound_ul = SLOW_UL if fastest <= SLOW_UL_H else ANY_UL
        self._unsure_ul = self._at.rate_ul_h * UNSURE_MS / 3_600_000
        self._lost_ms = 0
        self._on_ms = 0  # since the cut
        self._fastest_ul_h = 0  # of the last second
        self._boot_ms = -1

    def run(self, snapshot: Snapshot) -> Verdict:
        """Restore, cut, and look on until 60 s past the last resume."""
        case = self._case
        world = snapshot.restore()
        if case.start_ms is not None:
            world.clock.start_ms = case.start_ms
        if case.flat and world.board.rtc is not None:
            world.board.rtc.battery_flat = True
        world.board.supply.arm(*case.cuts)
        self._guarded(self._lose_power, world)
        if world.is_dark:
            self._look_on(world)
        elif not self._verdict.findings:
            self._find("the power did not go")
        return self._verdict

    def _guarded(self, step: Callable[[World], None], world: World) -> None:
        """A firmware that does not boot, or ends, is a finding."""
        try:
            step(world)
        except Exception as error:
            self._find(f"the firmware is gone: {type(error).__name__}: {error}")

    def _lose_power(self, world: World) -> None:
        quiet_ms = self._case.quiet_ms
        if quiet_ms is None:
            world.tick()
        elif quiet_ms == WATCHDOG:
            world.watchdog_reset()
        else:
            world.power_cut(quiet_ms)

    def _look_on(self, world: World) -> None:
        clock = world.clock
        end_ms = clock.ms + JUDGED_MS
        while clock.ms < end_ms and not self._verdict.findings:
            self._guarded(World.tick, world)
            ms = clock.ms
            if world.is_dark:
                self._in_the_dark |= {act for act in self._acts if ms - TICK_MS < act.at_ms <= ms}
                if self._boot_ms >= 0:
                    self._cut_again(ms)
                self._boot_ms = -1
                end_ms = ms + JUDGED_MS
            else:
                if self._boot_ms < 0:
                    self._boot_ms = ms
                    end_ms = ms + RESUME_MS + JUDGED_MS
                self._on_ms += TICK_MS
            self._fastest_ul_h = max(self._fastest_ul_h, world.status.rate_ul_h)
            if world.status.delivery not in FLOWING:
                self._stand_still(ms)
            if ms % 1000 == 0 or ms >= end_ms:
                self._volumes(world, ms)
                if self._boot_ms >= 0 and ms >= self._boot_ms + RESUME_MS:
                    self._states(world, ms)
                    self._accounts(world)
                self._fastest_ul_h = world.status.rate_ul_h

    def _cut_again(self, ms: int) -> None:
        """A second cut may fall into whatever was done since the first."""
        done = {act for act in self._acts if self._cut_ms < act.at_ms <= ms}
        self._undone |= done
        self._half_done |= done
        self._forfeits = self._forfeits or any(act.is_bolus for act in done)

    def _stand_still(self, ms: int) -> None:
        """Nothing flows: time is lost where it should, and who asks for a bolus asks in vain."""
        if self._reference.at(ms - self._lost_ms).flows:
            self._lost_ms += TICK_MS
        in_vain = {act for act in self._acts if act.is_bolus and act.at_ms <= ms <= act.at_ms + RESUME_MS}
        self._undone |= in_vain
        self._forfeits = self._forfeits or bool(in_vain)

    # Rules.

    def _volumes(self, world: World, ms: int) -> None:
        """Never more than was meant, never less than while it stood still."""
        reference = self._reference
        delivered = world.delivered_ul()
        then = ms - self._lost_ms
        most = [reference.delivered_ul(ms)]
        least = [reference.delivered_ul(then)]
        least += [reference.delivered_without_ul((act,), then) for act in self._undone]
        if self._in_the_dark:
            least.append(reference.delivered_without_ul(tuple(sorted(self._in_the_dark, key=_when)), then))
        most += [reference.delivered_without_ul((act,), ms) for act in self._half_done]
        if self._starting:
            least.append(0.0)
            most.append(self._at.delivered_ul + self._at.held_ul)  # what primed the line
        if self._forfeits:
            rest = [reference.delivered_without_ul(reference.scene.boluses, at) for at in (self._cut_ms, then)]
            least.append(self._at.delivered_ul + rest[1] - rest[0])
        over, under = delivered - max(most), min(least) - delivered
        if reference.at(ms + UNSURE_MS).rate_ul_h != self._at.rate_ul_h:  # a dose has ended meanwhile, or will sooner
            under -= self._unsure_ul
        verdict = self._verdict
        verdict.over_ul = max(verdict.over_ul, over)
        verdict.under_ul = max(verdict.under_ul, under)
        if over > self._bound_ul:
            self._find(f"{over:.0f} µL too much after {(ms - self._cut_ms) / 1000:.1f} s")
        elif under > self._bound_ul:
            self._find(f"{under:.0f} µL too little after {(ms - self._cut_ms) / 1000:.1f} s")

    def _states(self, world: World, ms: int) -> None:
        """Goes on by itself where it may, waits with an alarm where not, and never on after a person's stop."""
        status = world.status
        flows = status.delivery in FLOWING
        acted = any(self._cut_ms < act.at_ms <= ms for act in self._acts)
        shown = status.therapy_alarms
        if status.delivery == t.ST_FAILED:
            self._find("failed")
        elif status.bolus and not any(act.is_bolus and act.at_ms > self._cut_ms for act in self._acts):
            self._find("a bolus runs that nobody asked for again")
        elif flows and self._stopped() and not acted:
            self._find("flows although a person had stopped it")
        elif self._flowed() and not acted:
            if flows:
                self._verdict.resumed = True
            else:
                self._verdict.waited = True
            if flows and not shown >> al.AL_RESUMED & 1:
                self._find("resumed and told nobody")
            elif not flows and not shown >> al.AL_WAITS & 1:
                self._find("waits and tells nobody")
            elif flows and self._must_wait:
                self._find("resumed without knowing that it was not off for long")
            elif not flows and not self._must_wait:
                self._find("waits where it should have gone on")
            elif flows and abs(status.rate_ul_h - self._at.rate_ul_h) > 1 and self._is_steady(ms):
                self._find(f"goes on at {status.rate_ul_h} µL/h, not at {self._at.rate_ul_h}")

    def _accounts(self, world: World) -> None:
        """What limits later doses: lock-out, rolling limit, volume to be infused."""
        at, status = self._at, world.status
        on_s = self._on_ms // 1000
        if self._starting:
            return
        given = any(act.is_bolus for act in self._half_done)
        if not given and status.lockout_s + on_s + _STALE_S < at.lockout_s:
            self._find(f"the lock-out is shorter by {at.lockout_s - on_s - status.lockout_s} s")
        if status.window_ul + 1 < at.window_ul:
            self._find(f"the rolling limit forgot {at.window_ul - status.window_ul} µL")
        if at.vtbi_ul >= 0 and at.delivery in _IN_USE and status.delivery in _IN_USE:
            more = status.vtbi_ul + pumped_ul(world) - (at.vtbi_ul + at.pumped_ul)
            if status.vtbi_ul < 0 or more > self._second_ul(world):
                self._find(f"the volume to be infused grew by {more:.0f} µL")

    # Facts.

    @property
    def _acts(self) -> tuple[Act, ...]:
        return self._reference.scene.acts

    def _second_ul(self, world: World) -> float:
        """What flows while a shown volume grows old, and what whole microlitres and steps leave out."""
        return max(self._at.rate_ul_h, self._fastest_ul_h) / 3600 * 1.1 + 3 * world.plant.config.step_ul + 2

    def _flowed(self) -> bool:
        return self._before.flows and self._at.flows and not self._starting and not self._half_done

    def _is_steady(self, ms: int) -> bool:
        """Whether the rate was the same, to a stair, from long before the cut to long after now, no bolus in it."""
        if self._forfeits:
            return False
        around = range(self._cut_ms - UNSURE_MS, ms + UNSURE_MS + 1, TICK_MS)
        return all(abs(self._reference.at(at).rate_ul_h - self._at.rate_ul_h) <= 1 for at in around)

    def _stopped(self) -> bool:
        """Whether a person's stop was stored when the power went, or nothing had been started."""
        if self._at.flows:
            return False
        if self._before.flows:  # stopped in this very tick
            cut = self._case.cuts[0]
            return cut.operation > 1 or cut.where == AFTER
        return not self._starting

    def _find(self, what: str) -> None:
        self._verdict.findings.append(what)


def _when(act: Act) -> int:
    return act.at_ms
