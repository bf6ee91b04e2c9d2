"""Evidence that a card logs in whose it is, and that nothing else at the reader logs anybody in."""

from __future__ import annotations

from functools import partial
from typing import Any

from firmware.therapy import messages as msg
from firmware.trust.gatekeeper import Gatekeeper
from simulator.asked import NURSE
from simulator.names import MESSAGES
from tools.claims.card_cases import CASES, CHECKED_MS, Case, Make, Rig, WorldRig
from tools.claims.card_mutants import MUTANTS, Mutant
from tools.claims.registry import Outcome, Report, claim
from tools.pool import spawned

HOME = "micropython"
# On a whole pump where it has to be quick.
QUICK = ("a stranger's card in the nurse's name", "a replayed answer", "a revoked person's card")
GOOD = "the right card"


def judge(case: Case, rig: Rig) -> list[str]:
    """What is wrong with one case."""
    try:
        case.act(rig)
        said = rig.status.message
        wrong = [f"person {number} is let in" for number in sorted(rig.let_in)]
    except ValueError as told:
        return [f"{case.name}: {told}"]
    finally:
        rig.close()
    if said != case.says:
        wrong.append(f"it says {MESSAGES[said]!r}, {MESSAGES[case.says]!r} is due")
    return [f"{case.name}: {what}" for what in wrong]


def let_in(rig: Rig) -> list[str]:
    """What is wrong with the right card: it logs in within seven seconds, and out when it is taken away."""
    try:
        rig.lay(NURSE)
        rig.run(CHECKED_MS)
        wrong = [] if (rig.status.operator, rig.status.message) == (NURSE, msg.WELCOME) else ["it is not let in"]
        rig.lay(0)
        rig.run(300)
        wrong += ["it is gone and its person still there"] if rig.status.operator else []
    finally:
        rig.close()
    return [f"{GOOD}: {what}" for what in wrong]


def on_pump(name: str, make: Make = Gatekeeper) -> list[str]:
    """One case on an ideal pump."""
    return let_in(Rig(make)) if name == GOOD else judge(_named(name), Rig(make))


def in_home(name: str, home: str) -> list[str]:
    """One case on a whole pump in a home."""
    found = let_in(WorldRig(home)) if name == GOOD else judge(_named(name), WorldRig(home))
    return [f"{home}, {what}" for what in found]


def _named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def _mutated(mutant: Mutant) -> Outcome:
    wrong = [what for name in mutant.cases for what in on_pump(name, mutant.make)]
    return Outcome(not wrong, "; ".join(wrong[:3]) if wrong else "nothing was let through", {"wrong": wrong})


@claim(
    "card-answers",
    "A card that answers the pump's question logs its person in and, taken away, out. Nobody is let in by a stranger's "
    "or a revoked person's card, by another's name, by an answer that is replayed, from before a reboot (whatever the "
    "entropy), for another pump or purpose, changed, out of range or cut short, nor by a card that goes or is changed "
    "while it is checked; after three wrong ones a person's card waits. On two interpreters.",
    mutants={name: partial(MUTANTS.__getitem__, name) for name in MUTANTS},
)
def card_answers(deep: bool, subject: Any, report: Report) -> Outcome:
    """Each case on an ideal pump, some (deep: all that can be) on a whole one in MicroPython. HomeError without it."""
    if subject is not None:
        return _mutated(subject)
    names = [GOOD, *(case.name for case in CASES)]
    there = [GOOD, *(case.name for case in CASES if case.in_home and (deep or case.name in QUICK))]
    wrong: list[str] = []
    with spawned() as pool:
        work = [pool.submit(on_pump, name) for name in names] + [pool.submit(in_home, name, HOME) for name in there]
        for done, one in enumerate(work, 1):
            wrong += one.result()
            report(done, len(work))
    figure = f"{len(names)} cards on an ideal pump, {len(there)} on whole ones in MicroPython, {len(wrong)} misjudged"
    return Outcome(not wrong, figure, {"wrong": wrong[:20], "cases": names, "in_home": there})
