"""Evidence that the tests find small wrong versions of dosing, interlocks, guardian, tables and journal.

Every mutant is made of the present sources (tools/mutation). The survivors are listed, each with a
reason, in tests/mutation/survivors.toml; every other mutant must be found. A short run tries a sample
of those, drawn by a seed; a deep one tries all, and the listed ones too: a survivor that is not listed,
and a listed one that is found after all, both fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tools.claims.registry import Outcome, Report, claim
from tools.mutation.mutants import Mutant
from tools.mutation.plan import Found, Plan, load
from tools.mutation.run import STORE, TestsBroken, outcomes
from tools.mutation.worker import SURVIVED

LEAST_PERCENT = 90
SAMPLE = 33


def _without_tests(plan: Plan) -> Plan:
    return replace(plan, covering={module: [] for module in plan.covering})


def _failing_tests(plan: Plan) -> Plan:
    """Tests that fail on anything would find every mutant."""
    return replace(plan, covering={module: ["tests/mutation/fails.py"] for module in plan.covering})


def _silent(plan: Plan) -> Plan:
    return replace(plan, reasons=dict.fromkeys(plan.reasons, ""))


def _generous(plan: Plan) -> Plan:
    """One in five is called a survivor, with the same words for all."""
    return replace(plan, reasons={mutant.key: "it does not matter" for mutant in plan.mutants[::5]})


def _outdated(plan: Plan) -> Plan:
    mutant = plan.mutants[0]
    return replace(plan, reasons={**plan.reasons, replace(mutant, line="a line of before").key: "equivalent"})


def _sample(plan: Plan, count: int) -> list[Mutant]:
    """So many mutants that are not listed, some of every module."""
    random = Random(3)
    chosen: list[Mutant] = []
    share = max(count // len(plan.covering), 1)
    for module in plan.covering:
        own = [mutant for mutant in plan.mutants if mutant.module == module and mutant.key not in plan.reasons]
        chosen += random.sample(own, min(share, len(own)))
    return chosen


@claim(
    "mutation-tested",
    "At least 90 of 100 small wrong versions of dosing, interlocks, guardian, tables, journal and what they stand on "
    "are found by the tests that cover them; each of the others is listed with a reason, and no other is there.",
    mutants={
        "no tests": lambda: _without_tests,
        "tests that fail on anything": lambda: _failing_tests,
        "survivors without reasons": lambda: _silent,
        "one in five said to survive": lambda: _generous,
        "a reason for what is there no more": lambda: _outdated,
    },
)
def mutation_tested(deep: bool, subject: Callable[[Plan], Plan] | None, report: Report) -> Outcome:
    """Try a sample of the mutants that are not listed, or every mutant."""
    plan = load()
    if subject is not None:
        plan = subject(plan)
    total = len(plan.mutants)
    listed = sum(mutant.key in plan.reasons for mutant in plan.mutants)
    percent = 100 * (total - listed) / total
    findings = [f"no mutant any more: {one}" for one in plan.stale()]
    findings += [f"no reason: {one}" for one in plan.unexplained()]
    if percent < LEAST_PERCENT:
        findings.append(f"{listed} of {total} are said to survive")
    chosen = list(plan.mutants) if deep else _sample(plan, SAMPLE)
    found = Found(STORE if deep else None)
    if not findings:
        findings = _tried(plan, chosen, found, report)
    figure = f"{total - listed:,} of {total:,} mutants found, {percent:.1f} %, {len(chosen):,} of them tried now"
    if findings:
        figure = f"{figure}; {len(findings)} off: {findings[0]}"
    data = {"mutants": total, "listed": listed, "percent": round(percent, 2), "tried": len(chosen)}
    return Outcome(not findings, figure, data | {"findings": findings[:20]})


def _tried(plan: Plan, chosen: list[Mutant], found: Found, report: Report) -> list[str]:
    """Where running the mutants does not agree with the list."""
    try:
        ends = outcomes(plan, chosen, found, report)
    except TestsBroken as error:
        return [str(error)]
    findings = []
    for mutant, end in ends:
        if (end == SURVIVED) != (mutant.key in plan.reasons):
            findings.append(f"{'survives' if end == SURVIVED else 'is found, though listed'}: {mutant}")
    return findings
