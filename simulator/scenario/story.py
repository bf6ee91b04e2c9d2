"""What happens in a scenario, and when: gathered from its timeline and its faults, and drawn as text."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

from simulator.files.faults import fault_events
from simulator.files.scenario import Scenario
from simulator.files.yaml_source import one_line
from simulator.report.words import clock
from simulator.scenario.actions import PEOPLE
from simulator.world import words_of

LANES = ("people", "world", "network", "faults", "adversary")
_MARKS = ascii_lowercase + ascii_uppercase
_LEFT = 11


@dataclass(frozen=True)
class Happening:
    """One thing that happens. lane: one of LANES. end_s: of a fault that ends again, else None."""

    at_s: float
    lane: str
    words: str
    end_s: float | None = None


def happenings(scenario: Scenario, seed: int = 0) -> list[Happening]:
    """All that happens, in order of time; what chance decides is decided by `seed`, as in a run."""
    found = []
    for event in scenario.programme.events:
        lane = {"plant": "world"}.get(event.kind, event.kind)
        found.append((event.at_ms, event.line, Happening(event.at_ms / 1000, lane, event.note or words_of(event))))
    for step in scenario.steps:
        lane = PEOPLE if step.action.power == PEOPLE else "adversary"
        found.append((step.action.at, step.line, Happening(step.action.at / 1000, lane, step.action.words)))
    strikes = fault_events(scenario.programme.faults, scenario.duration_ms, seed)
    ends = {(event.fault, event.token): event.at_ms for event in strikes if event.verb == "clear"}
    for event in strikes:
        if event.verb == "inject":
            end_ms = ends.get((event.fault, event.token))
            end_s = None if end_ms is None else min(end_ms, scenario.duration_ms) / 1000
            found.append((event.at_ms, event.line, Happening(event.at_ms / 1000, "faults", event.note, end_s)))
    return [one for _, _, one in sorted(found, key=lambda item: item[:2])]


def drawn(scenario: Scenario, seed: int = 0, width: int = 100) -> str:
    """The story as text: an axis, a lane for each kind of actor, and what each mark stands for."""
    told = happenings(scenario, seed)
    marks = {place: _MARKS[place] if place < len(_MARKS) else "*" for place in range(len(told))}
    columns = max(width - _LEFT - 1, 20)
    total_s = scenario.duration_ms / 1000
    lines = [*_axis(total_s, columns)]
    for lane in LANES:
        mine = [(place, one) for place, one in enumerate(told) if one.lane == lane]
        for row in _rows(mine, marks, total_s, columns):
            lines.append(f"{lane:<{_LEFT}}{row}".rstrip())
            lane = ""
    lines.append("")
    for place, one in enumerate(told):
        end = f" to {clock(one.end_s)}" if one.end_s is not None else ""
        lines.append(f"  {marks[place]}  {clock(one.at_s)}  {one.lane:<9}  {one_line(one.words)}{end}")
    return "\n".join(lines)


def _axis(total_s: float, columns: int) -> list[str]:
    """Times above a ruler with five marks."""
    above, ruler = [" "] * (columns + 10), ["-"] * columns
    for part in range(5):
        place = round(part * (columns - 1) / 4)
        ruler[place] = "|"
        text = clock(part * total_s / 4)
        start = place if part == 0 else place - len(text) + 1 if part == 4 else place - len(text) // 2
        above[start : start + len(text)] = text
    return [" " * _LEFT + "".join(above).rstrip(), " " * _LEFT + "".join(ruler)]


def _rows(
    mine: list[tuple[int, Happening]], marks: dict[int, str], total_s: float, columns: int
) -> list[str]:
    """One lane's marks, in as many rows as it takes that none hides another."""
    rows: list[list[str]] = []
    for place, one in mine:
        start = min(int(one.at_s / total_s * columns), columns - 1)
        end = start if one.end_s is None else max(start, min(int(one.end_s / total_s * columns), columns - 1))
        row = next((row for row in rows if not "".join(row[max(start - 1, 0) : end + 2]).strip()), None)
        if row is None:
            row = [" "] * columns
            rows.append(row)
        row[start : end + 1] = [marks[place], *"=" * (end - start)]
    return ["".join(row) for row in rows]
