"""A suite of attacks as plain text: the headline, what to read first, and a line for each attack and control."""

from __future__ import annotations

from simulator.report.attack_facts import LEGACY, SHIPPED, Facts
from simulator.report.words import clock

_ROOM = 110


def text(facts: Facts) -> str:
    """The summary, with a newline at its end."""
    lines = ["KVO attack suite. A simulated pump; no medical use.", "", *facts.headline(), ""]
    if facts.findings:
        lines += ["To be read first:", *(_finding(one.attack, one.says) for one in facts.findings), ""]
    lines += _attacks(facts)
    lines += ["", "Controls, and in how many attacks they are their own, alone, of two, of three:", ""]
    wide = max((len(one.name) for one in facts.suite.controls), default=0)
    for control in facts.suite.controls:
        own = sum(attack.control == control.name for attack in facts.suite.attacks)
        sizes = [facts.size_with(attack.id, control.name) for attack in facts.suite.attacks]
        counts = "  ".join(f"{count or '-':>3}" for count in (own, *(sizes.count(size) for size in (1, 2, 3))))
        lines.append(f"  {control.name:<{wide}}  {counts}")
    took = clock(facts.suite.wall_s)
    lines += ["", f"{len(facts.suite.runs)} runs and {len(facts.suite.cells)} of the search, {took}."]
    return "\n".join(lines) + "\n"


def _finding(attack: str, says: str) -> str:
    return f"  - {attack}: {says}" if attack else f"  - {says}"


def _attacks(facts: Facts) -> list[str]:
    attacks = facts.suite.attacks
    wide = max((len(one.id) for one in attacks), default=6)
    lines = [f"  {'attack':<{wide}}  shipped  2012     least  own control; smallest sets", ""]
    for one in attacks:
        sets, smallest = facts.sets(one.id), facts.smallest(one.id)
        found = facts.minimal(one.id)
        least = str(smallest) if smallest else "-"
        shown = "; ".join("+".join(some) for some in sets if len(some) == smallest)
        if found is not None and not sets:
            shown = found.reason
        verdicts = [facts.verdict(one.id, profile) or "-" for profile in (SHIPPED, LEGACY)]
        line = f"  {one.id:<{wide}}  {verdicts[0]:<7}  {verdicts[1]:<7}  {least:>5}  {one.control}; {shown}"
        lines.append(line if len(line) <= wide + _ROOM else line[: wide + _ROOM - 1] + "…")
    return lines
