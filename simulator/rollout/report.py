"""What became of a roll-out, as text and as a page."""

from __future__ import annotations

from simulator.report.page import page, table, tiles
from simulator.report.words import safe
from simulator.rollout.rollout import CONFIRMED, WAITS, Result

_HEADS = [("pump", False), ("image", False), ("why", False)]


def headline(result: Result) -> str:
    """One sentence: stopped by whom, complete, or what it waits for."""
    done = sum(state == CONFIRMED for state in result.states.values())
    share = f"{done} of {len(result.states)} pumps have confirmed image {result.number}"
    if result.stopped:
        return f"stopped by {', '.join(result.failed)}; {share}"
    if result.complete:
        return f"complete: {share}"
    waits = sum(state == WAITS for state in result.states.values())
    return f"{share}; {waits} wait until nothing flows there: run it again then"


def as_text(result: Result) -> str:
    """The headline, and a line for each pump."""
    lines = [f"Roll-out of image {result.number}: {headline(result)}."]
    for pump, state in result.states.items():
        why = result.why.get(pump, "")
        lines.append(f"  {pump}  {state}{': ' + why if why else ''}")
    return "\n".join(lines) + "\n"


def as_page(result: Result) -> str:
    """A whole HTML file."""
    states = list(result.states.values())
    counted = [(str(states.count(state)), state) for state in dict.fromkeys(states)]
    title = f"Roll-out of image {result.number}"
    head = (f'<header><p class="kicker">Roll-out</p><h1>{safe(title)}</h1>'
            f'<p class="under">{safe(headline(result))}</p></header>')  # fmt: skip
    rows = [[safe(pump), safe(state), safe(result.why.get(pump, "") or "–")] for pump, state in result.states.items()]
    return page(title, head + tiles(counted) + table(_HEADS, rows), {})
