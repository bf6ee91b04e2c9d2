"""Evidence that what should not be heard is refused, each by its own code, and leaves the dose alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from firmware.main import audit_for
from firmware.therapy import tables as t
from firmware.trust import verdict as v
from firmware.trust.gatekeeper import Gatekeeper
from hal import ports
from simulator.asked import NURSE, AskedPump
from tools.claims.forgery_cases import CASES, Case, titration
from tools.claims.forgery_mutants import MUTANTS, Mutant
from tools.claims.forgery_scene import in_home, infusing, on_pump
from tools.claims.registry import Outcome, Report, claim
from tools.pool import spawned

_BITS = tuple(1 << bit for bit in range(8))
_EVERY = tuple(range(1, 256))
# In home micropython where it has to be quick; in each home all of them, and in both the same trace, where it may not.
QUICK = (
    "no MAC", "a changed payload", "last shift's key", "replayed", "from before a reboot", "one person twice",
)  # fmt: skip
# What a message comes to that is no request of anybody's.
_NOBODYS = (
    v.REFUSED_MALFORMED, v.REFUSED_NO_MAC, v.REFUSED_WRONG_MAC, v.REFUSED_WRONG_PUMP, v.REFUSED_WRONG_OPERATOR,
)  # fmt: skip


def cell(case: Case, make: Any = Gatekeeper, make_audit: Any = audit_for) -> list[str]:
    """What is wrong with one forgery on an ideal pump."""
    without = on_pump(case, make, False, make_audit)
    forged = on_pump(case, make, True, make_audit)
    wrong = _told(case, forged.code, forged.trust)
    if forged.therapy != without.therapy:
        wrong.append("the dose is another")
    if forged.counted.get(case.code, 0) != without.counted.get(case.code, 0) + 1:
        wrong.append("it is not counted")
    if forged.noted != forged.counted:
        wrong.append(f"counted are {forged.counted}, audited {forged.noted}")
    wrong += [f"the audit: {finding}" for finding in forged.findings]
    return [f"{case.name}: {what}" for what in wrong]


def _told(case: Case, code: int | None, trust: int) -> list[str]:
    wrong = [] if code == case.code else [f"answered by {code}, {case.code} expected"]
    if trust != (t.TR_SUSPECT if case.hostile else t.TR_NORMAL):
        wrong.append(f"trust is {t.TRUST_NAMES[trust]}")
    return wrong


def cell_in_home(name: str, home: str) -> list[str]:
    """What is wrong with one forgery on a whole pump in a home, held against home cpython without it."""
    case = next(case for case in CASES if case.name == name)
    without = in_home(case, "cpython", False)
    forged = in_home(case, home, True)
    wrong = _told(case, forged.code, forged.trust)
    if forged.therapy != without.therapy:
        wrong.append("the dose is another")
    return [f"{name}, {home}: {what}" for what in wrong]


def changed_bytes(changes: tuple[int, ...], make: Any = Gatekeeper, stop_at: int = 1) -> tuple[int, list[str]]:
    """Send every prefix of a good request, and it with each byte XORed with each of `changes`; how many, what is wrong.

    Ends after `stop_at` that are.
    """
    pump = infusing(make)
    wrong: list[str] = []
    sent = 0
    for message in _variants(pump, changes):
        code = pump.send(message)
        sent += 1
        if code not in _NOBODYS:
            wrong.append(f"changed message {sent} is answered by {code}")
            if len(wrong) >= stop_at:
                return sent, wrong
    still = infusing(make)
    still.run(pump.board.clock.ms - still.board.clock.ms)
    for one in (pump, still):
        one.press(ports.KEY_CONFIRM)
        one.run(2_000)
    if pump.trace.digest()["therapy"] != still.trace.digest()["therapy"]:
        wrong.append("changed messages: the dose is another")
    return sent, wrong


def _variants(pump: AskedPump, changes: tuple[int, ...]) -> Iterator[bytes]:
    length = len(titration(pump))
    for end in range(1, length):
        yield titration(pump, NURSE)[:end]
    for place in range(length):
        for change in changes:
            message = bytearray(titration(pump, NURSE))
            message[place % len(message)] ^= change
            yield bytes(message)


def _mutated(mutant: Mutant) -> Outcome:
    wrong = [what for case in CASES if case.name in mutant.cases for what in cell(case, mutant.make, mutant.make_audit)]
    if mutant.changed:
        wrong += changed_bytes(_BITS, mutant.make)[1]
    return Outcome(not wrong, "; ".join(wrong[:3]) if wrong else "nothing was let through", {"wrong": wrong})


@claim(
    "forgeries-refused",
    "Requests without a MAC, with a wrong one, for another pump, of an operator there cannot be, of a revoked one, "
    "under last shift's key or an earlier epoch's, expired or good for too long, replayed, reordered, duplicated, from "
    "an earlier session or from before a reboot, for a role that may not, approved twice by one person, too long, or "
    "changed in any byte are refused, each by its own code, counted, and found by that code and number in the stored "
    "audit, whose chain holds under its first key and the published head; and whatever a person then confirms, "
    "therapy's trace is that of a run without them.",
    mutants={name: partial(MUTANTS.__getitem__, name) for name in MUTANTS},
)
def forgeries_refused(deep: bool, subject: Any, report: Report) -> Outcome:
    """Every case on an ideal pump, some (deep: all) in MicroPython; bits (deep: all values) of every byte changed."""
    if subject is not None:
        return _mutated(subject)
    homes = [(case.name, "micropython") for case in CASES if deep or case.name in QUICK]
    homes += [(case.name, "cpython") for case in CASES if deep]
    total = len(CASES) + len(homes) + 1
    wrong: list[str] = []
    done = 0
    with spawned() as pool:
        changed = pool.submit(changed_bytes, _EVERY if deep else _BITS)
        ideal = [pool.submit(_cell_named, case.name) for case in CASES]
        in_homes = [pool.submit(cell_in_home, *where) for where in homes]
        for one in (*ideal, *in_homes):
            wrong += one.result()
            done += 1
            report(done, total)
        messages, found = changed.result()
    wrong += found
    figure = (
        f"{len(CASES)} forgeries on an ideal pump, {len(homes)} on whole ones, {messages:,} changed messages: "
        f"{len(wrong)} let through, unnamed, uncounted or felt"
    )
    return Outcome(not wrong, figure, {"wrong": wrong[:20], "changed": messages, "cases": [one.name for one in CASES]})


def _cell_named(name: str) -> list[str]:
    return cell(next(case for case in CASES if case.name == name))
