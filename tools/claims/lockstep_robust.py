"""Evidence that a spoilt link ends in the same trace or in a clear error, never in a wrong trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from simulator.files.programme import find_programme, load_programme
from simulator.homes import HomeError, LinkLost
from simulator.homes.micropython import ROOT
from simulator.world import LONGEST_LEASE_MS, World
from tools.claims.registry import Outcome, Report, claim
from tools.link_proxy import Spoil, spoilt
from tools.pool import spawned
from tools.served import DEVICE_TCP, served

MUTANT = ROOT / "tools" / "device" / "link_mutant.py"
# One of each head; the second primes fast, and is infusing by then.
PROGRAMMES = ("propofol-anaesthesia", "fluid-bolus")
FATES = ("drop", "double", "tear", "garble", "delay", "swap", "noise")
# Of all pieces, each way: of one fate, of each of the seven, and more; so much that no run can end.
_MILD, _MILD_EACH, _HARSH_EACH, _HOPELESS_EACH = 0.02, 0.006, 0.04, 0.1
_HARSHER = ((_HARSH_EACH, 10_000), (_HOPELESS_EACH, 10_000))
# Of the mild runs, so many have to end, with the trace of home 1.
_MOST = 0.9
# The wall clock's: how long a silent link is waited for, and one that is dead for certain.
_SILENCE_S, _DEAD_S = 8.0, 2.0
SAME, SAID, WRONG = "same trace", "clear error", "WRONG TRACE"


class Case(NamedTuple):
    """One run over a spoilt link. `kind`: mild, harsh (hopeless too) or dead."""

    kind: str
    programme: str
    seed: int
    until_ms: int
    spoil: Spoil


class Judged(NamedTuple):
    """What became of it. ran_on_ms: from the link's loss to the motor's stop; −1 where no motion was lost."""

    verdict: str
    words: str
    ran_on_ms: int = -1
    stands: bool = True


def spoil(shares: dict[str, Any]) -> Spoil:
    """A link on which each fate meets its share of the pieces."""
    return Spoil(**shares)


def cases(deep: bool) -> list[Case]:
    """The runs: mild ones of each fate and of all, harsh ones, and links that go silent or end."""
    seeds, until_ms = (3, 180_000) if deep else (1, 12_000)
    mixes = [spoil({fate: _MILD}) for fate in FATES] + [spoil(dict.fromkeys(FATES, _MILD_EACH))]
    harsh = [(spoil(dict.fromkeys(FATES, share)), ms) for share, ms in _HARSHER]
    found = []
    for seed in range(seeds):
        for place, mix in enumerate(mixes):
            names = PROGRAMMES if deep else (PROGRAMMES[place % 2],)
            found += [Case("mild", name, seed, until_ms, mix) for name in names]
        found += [Case("harsh", PROGRAMMES[seed % 2], seed, ms, mix) for mix, ms in harsh]
        for place in range(8 if deep else 2):
            # Somewhere in the infusion: the boot and 15 s of turns are past by then.
            dead = Spoil(dead_after=1700 + 37 * place + 5 * seed, closes=place % 2 == 1)
            found.append(Case("dead", PROGRAMMES[place // 2 % 2], seed, 120_000, dead))
    return found


def traced(case: Case) -> str:
    """The trace of home 1."""
    with World(load_programme(find_programme(case.programme)), seed=case.seed) as world:
        world.run(case.until_ms)
        return world.trace.sha256


def judge(case: Case, port: int, no_lease: bool) -> Judged:
    """Run `case` against the firmware that is served on TCP `port`."""
    from simulator.homes.stream import StreamHome

    expected = "" if case.kind == "dead" else traced(case)
    world = None
    with spoilt(port, case.spoil, case.seed) as proxy:
        try:
            home = StreamHome(proxy.url, _DEAD_S if case.kind == "dead" else _SILENCE_S)
            world = World(load_programme(find_programme(case.programme)), seed=case.seed, home=home)
            if no_lease:
                world.inject("generator_ignores_lease")
            with world:
                world.run(case.until_ms)
                return Judged(SAME if world.trace.sha256 == expected else WRONG, "")
        except HomeError as error:
            return _said(error, world)


def _said(error: HomeError, world: World | None) -> Judged:
    """A clear error: and where the link was lost in motion, whether the motor stands by now."""
    words = str(error)
    if world is None or world.link_lost_ms < 0 or not isinstance(error, LinkLost):
        return Judged(SAID, words)
    now_ms = world.clock.ms
    moved = world.drive.step_rate_mhz != 0
    return Judged(SAID, words, now_ms - world.link_lost_ms if moved else -1, not world.plant.generator.running(now_ms))


def _judge_some(some: list[Case], leave_out: str, no_lease: bool) -> list[Judged]:
    script, arguments = (MUTANT, (leave_out,)) if leave_out else (DEVICE_TCP, ())
    with served(script, *arguments) as port:
        return [judge(case, port, no_lease) for case in some]


def _judged(some: list[Case], leave_out: str, no_lease: bool) -> Iterator[tuple[Case, Judged]]:
    # A few cases a device, so that there is something to report.
    lots = [some[place : place + 3] for place in range(0, len(some), 3)]
    with spawned() as pool:
        running = [pool.submit(_judge_some, lot, leave_out, no_lease) for lot in lots]
        for lot, done in zip(lots, running, strict=True):
            yield from zip(lot, done.result(), strict=True)


def _some_for(subject: str, all_of_them: list[Case]) -> list[Case]:
    """The cases that show a mutant up, several of each."""
    if subject == "no-lease":
        return [case for case in all_of_them if case.kind == "dead"]
    fate = "garble" if subject == "no-crc" else "drop"
    return [Case("mild", PROGRAMMES[seed % 2], seed, 20_000, spoil({fate: 2 * _MILD})) for seed in range(4)]


@claim(
    "lockstep-robust",
    "Over a link that drops, doubles, tears, garbles, delays, swaps and adds at random a run ends with the trace of "
    "home 1 or with a clear error, never with a wrong trace; nine in ten of the mildly spoilt ones with the trace. A "
    "link that is lost while the motor runs stops it within its lease.",
    mutants={
        "the device checks no CRC": lambda: "no-crc",
        "the device checks no sequence: a doubled frame runs a turn twice": lambda: "no-sequence",
        "the plant's generator has no lease": lambda: "no-lease",
    },
)
def lockstep_robust(deep: bool, subject: Any, report: Report) -> Outcome:
    """MicroPython's unix port behind TCP and a spoiling proxy, driven as `kvo hil` does. HomeError without it."""
    chosen = cases(deep)
    if subject is not None:
        chosen = _some_for(subject, chosen)
    no_lease = subject == "no-lease"
    leave_out = subject if subject in ("no-crc", "no-sequence") else ""
    done: list[tuple[Case, Judged]] = []
    for one in _judged(chosen, leave_out, no_lease):
        done.append(one)
        report(len(done), len(chosen))
    return _outcome(done)


def _outcome(done: list[tuple[Case, Judged]]) -> Outcome:
    mild = [judged.verdict for case, judged in done if case.kind == "mild"]
    dead = [judged for case, judged in done if case.kind == "dead"]
    same = mild.count(SAME)
    wrong = [f"{case.programme}, seed {case.seed}, {case.spoil}" for case, judged in done if judged.verdict == WRONG]
    in_motion = [judged for judged in dead if judged.ran_on_ms >= 0]
    run_on = [judged.words for judged in dead if not judged.stands or judged.ran_on_ms > LONGEST_LEASE_MS]
    holds = not wrong and not run_on and same >= _MOST * len(mild) and all(one.verdict == SAID for one in dead)
    holds = holds and (not dead or bool(in_motion))  # a motor that stood shows nothing
    longest = max((judged.ran_on_ms for judged in in_motion), default=0) / 1000
    ended = sum(judged.verdict == SAME for _, judged in done)
    figure = (
        f"{len(done)} runs over spoilt links: {ended} with the trace of home 1 ({same} of {len(mild)} mild), "
        f"{sum(judged.verdict == SAID for _, judged in done)} with a clear error, {len(wrong)} wrong; "
        f"{len(in_motion)} links lost in motion, {len(run_on)} ran past the lease, the longest {longest:.1f} s"
    )
    said = [judged.words for _, judged in done if judged.words]
    return Outcome(holds, figure, {"runs": len(done), "wrong": wrong, "ran_on": run_on, "errors": said})
