"""Evidence that pairs and triples of faults, among keys and resets, keep within what a person may expect."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from functools import cache
from itertools import count
from random import Random
from typing import Any

from tools.claims.registry import Outcome, Report, claim
from tools.claims.single_faults import BlindGuardian, HushedAlarms, PassingInterlocks, becomes
from tools.fault_pumps import Stands, drug_of, places
from tools.fault_trial import Broken, Trial, kinds_by_place, unbounded
from tools.pool import spawned

DEEP_STEPS, STEPS = 200_000, 2_500
STEPS_EACH = 12
PUMPS_EACH = 8
KINDS_EACH = 6
MOST_FAULTS = 3
FLOWING = ("infusing", "bolus", "kvo")
WAITS_MS = (100, 400, 1_000, 3_000, 8_000, 20_000)
PRESSED = ("stop", "start", "pause", "acknowledge", "audio_pause", "patient_bolus", "clinician_bolus")
_AHEAD = 8  # batches that wait or run
RESETS = ("watchdog_reset", "power_lost_short", "stall_2s", "stall_5s")


class Tally:
    """What was tried, and what was found."""

    def __init__(self) -> None:
        self.steps = self.trials = self.apart = 0
        self.pairs: set[tuple[str, str]] = set()
        self.most_ul = 0.0
        self.last: Trial | None = None
        self.finding = ""
        self.script: list[tuple[Any, ...]] = []

    def add(self, other: Tally) -> None:
        """Count what another batch tried; the first finding stays."""
        self.steps += other.steps
        self.trials += other.trials
        self.apart += other.apart
        self.pairs |= other.pairs
        self.most_ul = max(self.most_ul, other.most_ul)
        if not self.finding:
            self.finding, self.script = other.finding, other.script


def hand(batch: int) -> tuple[tuple[str, str], list[str]]:
    """Where a batch's pumps stand, and the few kinds of fault that strike them.

    Drawn here, because hypothesis by itself comes back to the same few again and again.
    """
    random = Random(f"fault-pairs/{batch}")
    flowing = [place for place in places() if place[0] in FLOWING]
    stands = random.choice(flowing if batch % 3 else places())
    by_place = kinds_by_place(drug_of(stands[1]).head)
    where = random.sample(sorted(by_place), KINDS_EACH // 2)
    kinds = [random.choice(by_place[place]) for place in where]
    kinds += random.sample(sorted(kind for found in by_place.values() for kind in found), KINDS_EACH - len(kinds))
    return stands, kinds


def machine(batch: int, tally: Tally, stands: Stands, change: Any) -> Any:
    """A rule-based state machine over one Trial, with a batch's hand of faults."""
    from hypothesis import seed
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

    place, kinds = hand(batch)
    strikes = st.tuples(st.sampled_from(kinds), st.sampled_from(WAITS_MS))

    class Faults(RuleBasedStateMachine):
        trial: Trial | None = None

        @initialize(first=st.lists(strikes, min_size=1, max_size=MOST_FAULTS))
        def begin(self, first: list[tuple[str, int]]) -> None:
            self.trial = tally.last = Trial(stands, *place, change)
            tally.trials += 1
            for name, then_ms in first:
                self.strike(name, then_ms)

        def step(self) -> Trial:
            tally.steps += 1
            assert self.trial is not None
            return self.trial

        def strike(self, name: str, then_ms: int) -> None:
            trial = self.step()
            trial.inject(name)
            trial.wait(then_ms)

        @precondition(lambda self: self.trial is not None and len(self.trial.struck) < MOST_FAULTS)
        @rule(strike=strikes)
        def breaks(self, strike: tuple[str, int]) -> None:
            self.strike(*strike)

        @precondition(lambda self: self.trial is not None and len(self.trial.struck) < MOST_FAULTS)
        @rule(name=st.sampled_from(RESETS), then_ms=st.sampled_from(WAITS_MS))
        def resets(self, name: str, then_ms: int) -> None:
            self.strike(name, then_ms)

        @precondition(lambda self: self.trial is not None and self.trial.world.faults.active)
        @rule(place=st.integers(0, MOST_FAULTS - 1))
        def mends(self, place: int) -> None:
            trial = self.step()
            active = sorted(trial.world.faults.active)
            trial.clear(active[place % len(active)])

        @rule(key=st.sampled_from(PRESSED), then_ms=st.sampled_from(WAITS_MS[:4]))
        def presses(self, key: str, then_ms: int) -> None:
            trial = self.step()
            trial.press(key)
            trial.wait(then_ms)

        @rule(ms=st.sampled_from(WAITS_MS))
        def waits(self, ms: int) -> None:
            self.step().wait(ms)

        def teardown(self) -> None:
            trial = self.trial
            if trial is None:
                return
            trial.mend()
            tally.most_ul = max(tally.most_ul, trial.most_ul)
            tally.apart += unbounded(trial.struck)
            names = sorted(set(trial.struck))
            tally.pairs |= {(one, two) for one in names for two in names if one < two}

    return seed(batch)(Faults)


@claim(
    "fault-pairs",
    "Among random pairs and triples of faults, keys and resets, no pump gives more than the sum of what each fault may "
    "cost before it is found, none gives less in silence past the alarm's time, none stands in silence, and Stop ends "
    "motion. No bound is claimed where one fault makes the flow and another takes away what would end it.",
    mutants={
        "a guardian that sees nothing": becomes("therapy.guardian", BlindGuardian),
        "hazards stop nothing": becomes("controller.interlocks", PassingInterlocks),
        "what stops flow is not told": becomes("controller.alarms", HushedAlarms),
    },
)
def fault_pairs(deep: bool, subject: Any, report: Report) -> Outcome:
    """Hypothesis draws the trials, the same each time, and makes a counterexample small."""
    total = DEEP_STEPS if deep else STEPS
    tally = Tally()
    for tried in _side_by_side() if deep else (try_batch(batch, subject) for batch in count()):
        tally.add(tried)
        report(min(tally.steps, total), total)
        if tally.steps >= total or tally.finding:
            break
    finding = tally.finding
    figure = (
        f"{tally.steps:,} steps, {tally.trials:,} pumps, {len(tally.pairs):,} pairs, "
        f"{'1 counterexample: ' + finding if finding else '0 counterexamples'}; {tally.apart:,} pumps without a bound"
    )
    data = {
        "steps": tally.steps, "pumps": tally.trials, "pairs": len(tally.pairs), "without_bound": tally.apart,
        "most_ul": round(tally.most_ul, 1), "finding": finding, "script": [list(one) for one in tally.script],
    }  # fmt: skip
    return Outcome(not finding, figure, data)


@cache
def _stands() -> Stands:
    """The pumps to begin from: made once in a process."""
    return Stands()


def try_batch(batch: int, change: Any = None) -> Tally:
    """Try one batch's pumps; `change` makes a mutant of each."""
    from hypothesis import HealthCheck, Phase, Verbosity, settings
    from hypothesis.stateful import run_state_machine_as_test

    tally = Tally()
    phases = [Phase.generate] if change is not None else [Phase.generate, Phase.shrink]
    drawn = settings(
        max_examples=PUMPS_EACH, stateful_step_count=STEPS_EACH, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=phases, print_blob=False, verbosity=Verbosity.quiet,
    )  # fmt: skip
    try:
        run_state_machine_as_test(machine(batch, tally, _stands(), change), settings=drawn)
    except Broken as broken:
        tally.finding = str(broken)
        tally.script = tally.last.script if tally.last else []
    tally.last = None  # a world is not to be sent about
    return tally


def _side_by_side() -> Iterator[Tally]:
    """Every batch in order, two at a time, without end."""
    with spawned() as pool:
        try:
            running: deque[Future[Tally]] = deque()
            for batch in count():
                running.append(pool.submit(try_batch, batch))
                if len(running) > _AHEAD:
                    yield running.popleft().result()
        finally:
            # Waited for: a process that ends while its pool still hands out work never ends (CPython 3.11).
            pool.shutdown(cancel_futures=True)
