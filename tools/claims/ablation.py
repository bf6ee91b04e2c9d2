"""Evidence that every attack bites: without its own control its own property fails, and what lets it reach the dose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from simulator.attack import results as rs
from simulator.attack.controls.table import CONTROLS, LEGACY, in_order
from simulator.attack.run import local_holds
from simulator.files.scenario import load_scenario
from tools.attack_suite import MINIMAL, Job, run_jobs, said_or_problem, shipped
from tools.claims.registry import Outcome, Report, claim
from tools.pool import spawned

FINDINGS = Path(__file__).parents[2] / "docs" / "findings.md"
SINGLE, UNNEEDED = "## Controls that stand alone", "## Controls that no attack needs"
# So many attacks change the dose of a pump of 2012, at least.
LEGACY_LEAST = 20


@dataclass(frozen=True)
class Mutant:
    """Evidence that is wrong on purpose: `ablated` in place of an attack's own control, or findings `cut` of a name."""

    attack: str = "forged-titration"
    ablated: tuple[str, ...] = ()
    cut: str = ""


def listed(heading: str, text: str) -> dict[str, set[str]]:
    """The items below a heading of the findings: of each the first name in code, with the others."""
    section = text.partition(heading + "\n")[2].split("\n## ")[0]
    found: dict[str, set[str]] = {}
    for item in re.split(r"^- ", section, flags=re.MULTILINE)[1:]:
        first, *others = re.findall(r"`([a-z0-9-]+)`", item) or [""]
        found[first] = set(others)
    return found


def unargued(minimal: Iterable[rs.MinimalSets], text: str) -> list[str]:
    """Controls that alone keep an attack from the dose and are not among the findings with that attack."""
    argued = listed(SINGLE, text)
    single = [(one[0], found.attack) for found in minimal for one in found.sets if len(one) == 1]
    return [
        f"{name} alone keeps {attack} from the dose, and docs/findings.md does not say so"
        for name, attack in single if attack not in argued.get(name, ())
    ]  # fmt: skip


def misnamed(needed: set[str], text: str, attacks: Mapping[str, Any]) -> list[str]:
    """Controls that no attack needs and the findings do not name, and names there that are wrong."""
    said = listed(UNNEEDED, text)
    alone = listed(SINGLE, text)
    wrong = [f"no attack needs {name}, and docs/findings.md does not say so" for name in CONTROLS
             if name not in needed and name not in said]  # fmt: skip
    wrong += [f"an attack needs {name}; docs/findings.md says none does" for name in sorted(needed & set(said))]
    wrong += [f"docs/findings.md names {name}, which is no control" for name in (*said, *alone) if name not in CONTROLS]
    named = {attack for found in alone.values() for attack in found}
    return wrong + [f"docs/findings.md names {name}, which is no attack" for name in sorted(named - set(attacks))]


def bites(name: str, ablated: tuple[str, ...]) -> str:
    """'' where the attack's own property fails without `ablated`, else what is wrong."""
    holds = local_holds(load_scenario(shipped()[name]), 0, ablated)
    return f"{name}: its own property holds without {', '.join(ablated) or 'nothing'}" if holds else ""


def _quick(names: Iterable[str], own: Mapping[str, tuple[str, ...]], report: Report) -> list[str]:
    wrong = []
    names = list(names)
    with spawned() as pool:
        for done, found in enumerate(pool.map(partial(_bites, own), names), 1):
            wrong += [found] if found else []
            report(done, len(names))
    return wrong


def _bites(own: Mapping[str, tuple[str, ...]], name: str) -> str:
    return bites(name, own[name])


def _searched(report: Report) -> rs.Suite:
    jobs = [
        Job(str(path), 0, "cpython", ablated)
        for path in shipped().values() for ablated in ((MINIMAL,), in_order(LEGACY))
    ]  # fmt: skip
    return run_jobs(jobs, 2, report)


def _deep_wrong(suite: rs.Suite, text: str) -> list[str]:
    reached = sum(run.reached_dose for run in suite.runs if run.profile == "legacy")
    wrong = [f"{attack}: {why}" for attack, why in suite.problems] + unargued(suite.minimal, text)
    wrong += [f"{one.attack} reaches the dose of the shipped pump" for one in suite.minimal if one.sets == ((),)]
    wrong += [f"{one.attack}: no set and no reason" for one in suite.minimal if not one.sets and not one.reason]
    return wrong if reached >= LEGACY_LEAST else [*wrong, f"{reached} attacks reach the dose of a pump of 2012"]


@claim(
    "ablation",
    "Every attack of the catalogue is real: its own property fails once its own control is replaced. Every attack has "
    "its smallest sets of up to three controls without which it reaches the dose, or the reason why there is none; a "
    "control that alone stands before a dose, and one that no attack needs, is named in the findings; and twenty "
    "attacks at least change the dose of a pump of 2012.",
    mutants={
        "another control is replaced": lambda: Mutant(ablated=("audit-chain",)),
        "no control is replaced": lambda: Mutant(ablated=()),
        "a finding is left out": lambda: Mutant(cut="request-mac"),
    },
)
def ablation(deep: bool, subject: Any, report: Report) -> Outcome:
    """Each attack without its own control; deep: the search for smallest sets, and a pump of 2012, besides."""
    text = FINDINGS.read_text(encoding="utf-8")
    controls = {name: said_or_problem(path).control for name, path in shipped().items()}
    if subject is not None and not subject.cut:
        wrong = [bites(subject.attack, subject.ablated)]
        return Outcome(not any(wrong), wrong[0] or "it bites", {"wrong": wrong})
    if subject is not None:
        single = rs.MinimalSets(subject.attack, 0, ((subject.cut,),), 3, "", 1)
        kept = "\n".join(line for line in text.splitlines() if f"`{subject.cut}`" not in line)
        wrong = unargued([single], kept)
        return Outcome(not wrong, "; ".join(wrong) or "nothing is missed", {"wrong": wrong})
    wrong = _quick(controls, {name: (control,) for name, control in controls.items()}, report)
    needed = set(controls.values())
    data: dict[str, Any] = {}
    figure = f"{len(controls)} attacks, {len(controls) - len(wrong)} bite without their own control"
    if deep:
        suite = _searched(report)
        wrong += _deep_wrong(suite, text)
        needed |= {name for one in suite.minimal for found in one.sets for name in found}
        sets = sum(len(one.sets) for one in suite.minimal)
        reached = sum(run.reached_dose for run in suite.runs)
        figure += f"; {sets} smallest sets in {len(suite.cells)} runs; {reached} reach the dose of a pump of 2012"
        data["minimal"] = {one.attack: [list(found) for found in one.sets] or one.reason for one in suite.minimal}
    wrong += misnamed(needed, text, controls)
    figure += f"; {len(wrong)} wrong: {'; '.join(wrong[:2])}" if wrong else ""
    return Outcome(not wrong, figure, {"wrong": wrong[:60], "attacks": controls, **data})
