"""A suite of attacks in words: lines for a terminal, and JUnit's XML. The report is simulator/report's."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from simulator.attack import results as rs

_SAYS = {
    rs.BLOCKED: "failed", rs.BITES: "gets through, and the dose stays", rs.HARM: "gets through, and does other harm",
    rs.DOSE: "REACHES THE DOSE",
}  # fmt: skip


def margin(run: rs.AttackRun) -> str:
    """The property that came closest to failing, of those of one unit: its name and margin."""
    worst = min(run.properties, key=lambda one: one.margin)
    return f"{worst.name} by {worst.margin:g} {worst.unit}".rstrip()


def run_line(run: rs.AttackRun) -> str:
    """One run in one line."""
    without = "" if not run.ablated else f", without {_names(run)}"
    dose = run.dose
    shift = f"dose {dose.shift_ml:+.3f} mL of ±{dose.tolerance_ml:.3f} let pass"
    what = _SAYS[run.verdict]
    failing = [one.name for one in run.properties if not one.holds]
    tail = f"fails: {', '.join(failing)}" if failing else f"least margin: {margin(run)}"
    return f"{run.attack}: {what} (seed {run.seed}, {run.home}{without}); {shift}; {tail}"


def _names(run: rs.AttackRun) -> str:
    return f"{len(run.ablated)} controls ({run.profile})" if run.profile != "custom" else ", ".join(run.ablated)


def minimal_lines(found: rs.MinimalSets) -> Iterator[str]:
    """What the search found, a set a line."""
    if not found.sets:
        yield f"{found.attack}: no set of up to {found.largest}: {found.reason} ({found.tried} runs)"
        return
    many = f"{len(found.sets)} smallest sets" if len(found.sets) > 1 else "1 smallest set"
    yield f"{found.attack}: {many} ({found.tried} runs)"
    for one in found.sets:
        yield f"    {' + '.join(one)}" if one else "    none: the shipped pump"


def total(suite: rs.Suite) -> str:
    """One line on all runs."""
    shipped = [run for run in suite.runs if run.profile == "shipped"]
    weaker = [run for run in suite.runs if run.profile != "shipped"]
    parts = []
    if shipped:
        failed = sum(run.holds for run in shipped)
        parts.append(f"{failed} of {len(shipped)} runs against the shipped pump failed as attacks")
    if weaker:
        reached = sum(run.reached_dose for run in weaker)
        parts.append(f"{reached} of {len(weaker)} against weaker ones reached the dose")
    if suite.minimal:
        parts.append(f"{sum(len(one.sets) for one in suite.minimal)} smallest sets for {len(suite.minimal)} attacks")
    if suite.problems:
        parts.append(f"{len(suite.problems)} came to no verdict")
    return "; ".join(parts) or "nothing was run"


def junit(suite: rs.Suite) -> bytes:
    """The runs as JUnit's XML: a test each, failing where an attack did not."""
    failures = len(suite.through)
    root = ElementTree.Element("testsuite", {
        "name": "kvo attack", "tests": str(len(suite.runs) + len(suite.problems)), "failures": str(failures),
        "errors": str(len(suite.problems)), "time": f"{suite.wall_s:g}",
    })  # fmt: skip
    for run in suite.runs:
        case = ElementTree.SubElement(root, "testcase", {
            "classname": run.attack, "name": f"seed{run.seed}-{run.home}-{run.profile}", "time": f"{run.wall_s:g}",
        })  # fmt: skip
        if not run.holds:
            ElementTree.SubElement(case, "failure", {"message": run_line(run), "type": run.verdict})
    for attack, why in suite.problems:
        case = ElementTree.SubElement(root, "testcase", {"classname": attack, "name": "no verdict"})
        ElementTree.SubElement(case, "error", {"message": why})
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made
