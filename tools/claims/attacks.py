"""Evidence that every attack of the catalogue fails against the shipped pump, by its properties and by the dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.attack import results as rs
from tools.attack_suite import Job, run_jobs, said_or_problem, shipped
from tools.claims.registry import Outcome, Report, claim

# Where no person of the adversary's stands at the pump, and nobody has it open.
REMOTE = frozenset((
    "network", "on-path", "malicious-broker", "compromised-gateway", "stolen-shift-key", "other-pump", "rf-jam",
    "update-server",
))  # fmt: skip
_DEEP_SEEDS = (0, 1, 2)
# Played on MicroPython where it has to be quick.
_QUICK_HOMES = (("forged-titration", "micropython"),)
# What such an attack may leave of a vasopressor's prescription, in per cent (docs/design.md).
_SUSTAINED_PCT = 5.0


@dataclass(frozen=True)
class Weak:
    """A mutant: the pump without some controls, and the attack that shows it."""

    attack: str
    ablated: tuple[str, ...]


def found_wrong(suite: rs.Suite) -> list[str]:
    """What is wrong with runs that should be failed attacks."""
    about = {one.id: one for one in suite.attacks}
    wrong = [f"{attack}: {why}" for attack, why in suite.problems]
    for run in suite.runs:
        failing = ", ".join(one.name for one in run.properties if not one.holds)
        if not run.holds:
            wrong.append(f"{run.attack}, seed {run.seed}, {run.home}: {run.verdict} ({failing or 'the dose'})")
        error = sustained_error(about[run.attack], run)
        if abs(error) > _SUSTAINED_PCT:
            wrong.append(f"{run.attack}, seed {run.seed}, {run.home}: {error:+.1f} % of the prescription")
    return wrong + differing(suite)


def sustained_error(attack: rs.AttackSaid, run: rs.AttackRun) -> float:
    """Error of the dose, in per cent, where an attack from afar on a drug that must go on is alone to blame; else 0."""
    dose = run.dose
    honest = 100 * (dose.honest_delivered_ml / dose.honest_prescribed_ml - 1) if dose.honest_prescribed_ml else 100.0
    is_his = attack.policy == "sustain" and REMOTE.issuperset(attack.positions) and abs(honest) <= _SUSTAINED_PCT
    return dose.dose_error_pct if is_his else 0.0


def differing(suite: rs.Suite) -> list[str]:
    """Runs of one attack and seed that left another trace in another home."""
    first = {(run.attack, run.seed): run.trace_sha256 for run in reversed(suite.runs) if run.home == "cpython"}
    return [
        f"{run.attack}, seed {run.seed}: another trace in {run.home}" for run in suite.runs
        if run.trace_sha256 != first.get((run.attack, run.seed), run.trace_sha256)
    ]  # fmt: skip


def _jobs(deep: bool) -> list[Job]:
    jobs = []
    for name, path in shipped().items():
        jobs += [Job(str(path), seed, "cpython", ()) for seed in (_DEEP_SEEDS if deep else (0,))]
        elsewhere = ("micropython", "webassembly") if deep and runs_elsewhere(name) else ()
        jobs += [Job(str(path), 0, home, ()) for home in elsewhere]
        jobs += [Job(str(path), 0, home, ()) for one, home in _QUICK_HOMES if one == name and not deep]
    return jobs


def runs_elsewhere(name: str) -> bool:
    """Whether an attack can be played in a home that nothing reaches into: comms is replaced in this process alone."""
    reaches_in = ("comms-partition", "local-port", "insider")
    return not set(reaches_in).intersection(said_or_problem(shipped()[name]).positions)


@claim(
    "attacks",
    "Every attack of the catalogue fails against the shipped pump: no property of it is violated, and the patient gets "
    "the dose that there would have been without the adversary; from afar, within 5 % of the prescription of a drug "
    "that must go on; with the same trace in every home.",
    mutants={
        "no MAC is asked for": lambda: Weak("forged-titration", ("request-mac",)),
        "requests are not counted": lambda: Weak("replayed-titration", ("counter",)),
        "requests do not expire": lambda: Weak("delayed-titration", ("expiry",)),
        "what is asked for is done": lambda: Weak("stolen-shift-key", ("bedside-confirmation",)),
        "nothing is hostile": lambda: Weak("flood", ("suspicion",)),
    },
)
def attacks(deep: bool, subject: Any, report: Report) -> Outcome:
    """Every attack with one seed, one on MicroPython; deep: three seeds, and each that can on both MicroPythons."""
    jobs = _jobs(deep) if subject is None else [Job(str(shipped()[subject.attack]), 0, "cpython", subject.ablated)]
    suite = run_jobs(jobs, 2, report)
    wrong = found_wrong(suite)
    least = min(suite.runs, key=lambda run: min(one.margin for one in run.properties))
    name, margin = min(((one.name, one.margin) for one in least.properties), key=lambda pair: pair[1])
    furthest = max((abs(run.dose.shift_ml) for run in suite.runs), default=0.0)
    figure = (
        f"{len(suite.attacks)} attacks in {len(suite.runs)} runs, {len(wrong)} got through; least margin {margin:g} "
        f"({least.attack}: {name}), furthest shift of the dose {furthest:.3f} mL"
    )
    figure += f": {'; '.join(wrong[:2])}" if wrong else ""
    return Outcome(not wrong and bool(suite.runs), figure, {"wrong": wrong[:40], "runs": [
        {"attack": run.attack, "seed": run.seed, "home": run.home, "verdict": run.verdict,
         "shift_ml": run.dose.shift_ml, "margins": {one.name: one.margin for one in run.properties}}
        for run in suite.runs
    ]})  # fmt: skip
