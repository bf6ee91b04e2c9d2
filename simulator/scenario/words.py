"""Outcomes of properties in words, for the terminal and for a failing test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.files.yaml_source import one_line
from simulator.report.words import clock
from simulator.scenario.signals import VOCABULARY
from simulator.scenario.story import drawn

if TYPE_CHECKING:
    from simulator.scenario.player import Outcome, Played


def margin(outcome: Outcome) -> str:
    """The margin with its sign and, where it has one, its unit."""
    unit = f" {outcome.unit}" if outcome.unit else ""
    return f"{outcome.margin:+.4g}{unit}"


def outcome_line(outcome: Outcome) -> str:
    """One line: whether it holds, by how much, and when it came closest to failing."""
    word = "holds" if outcome.holds else "FAILS"
    line = f"  {word}  {outcome.judged.kind:<8}  {outcome.judged.name}: margin {margin(outcome)}"
    if outcome.worst_s is not None:
        values = ", ".join(f"{name} {_value(name, value)}" for name, value in outcome.values.items())
        line += f", {'closest' if outcome.holds else 'worst'} at {clock(outcome.worst_s)} ({values})"
    if outcome.idle:
        line += f"; never came about: {', '.join(outcome.idle)}"
    if outcome.margin == 0:
        line += "; 0 decides nothing: leave room in the formula, such as '> 0' or '< 1' for a count"
    return line


def event_lines(played: Played) -> list[str]:
    """What happened, a line each; whatever a file's notes hold, a line stays a line."""
    return [f"  {clock(at)}  {one_line(text)}" for at, text in played.run.events]


def failure(played: Played) -> str:
    """What a failing test says: the properties that fail, what was planned, what happened."""
    run = played.run
    lines = [f"{run.scenario}, seed {run.seed}, home {run.home}: {len(played.failing)} properties fail", ""]
    for outcome in played.failing:
        lines += [outcome_line(outcome), f"         {outcome.judged.says}", f"         {outcome.judged.text}"]
        lines.append(f"         {played.scenario.path}:{outcome.judged.line}")
    lines += ["", "what was planned:", drawn(played.scenario, run.seed), "", "what happened:"]
    lines += event_lines(played)
    lines += ["", *(f"trace {stream}: {digest}" for stream, digest in run.trace_sha256.items())]
    return "\n".join(lines)


def _value(name: str, value: float) -> str:
    if name in VOCABULARY.conditions:
        return "yes" if value > 0 else "no"
    unit = VOCABULARY.quantities[name]
    return f"{value:.4g} {unit}".rstrip()
