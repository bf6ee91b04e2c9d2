"""Faults by delivery state and drug policy: a field of cells, each coloured by what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator.report import page, words

# What came of a cell: its colour and what the key says.
_OUTCOMES = {
    "unchanged": ("#dfe8e1", "as if nothing were"),
    "stopped": ("#e8b14e", "stopped, HIGH"),
    "failed": ("#b5524c", "power cut, HIGH"),
    "resumed": ("#7fb28f", "gone on after a reset"),
    "waits": ("#8aa9c9", "waits for a person"),
    "other": ("#c9bfd8", "another state"),
}
_DIFFERS = "#e0007a"
_LETTERS = {"sustain": "s", "basal": "b", "kvo": "k", "stop": "x"}
_CSS = """
.field { border-collapse: separate; border-spacing: 1px; width: auto; font-size: 12px; }
.field th { padding: 0 2px; border: 0; font-weight: 600; }
.field th.up { height: 74px; vertical-align: bottom; }
.field th.up span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
.field th.p { font-weight: 400; text-align: center; }
.field td { padding: 0; border: 0; width: 15px; min-width: 15px; height: 15px; border-radius: 2px; }
.field td.name { width: auto; padding-right: 10px; white-space: nowrap;
  font: 12px/15px ui-monospace, Menlo, monospace; }
.field td.gap { width: 5px; min-width: 5px; }
.field tr.place td { height: 22px; padding-top: 8px; color: var(--soft); font-weight: 650; }
.field td.bad { outline: 2px solid #e0007a; outline-offset: -1px; }
"""


def matrix_page(data: dict[str, Any], path: str | Path) -> Path:
    """Write the page.

    data: `states`, `policies`, `cells` (fault -> {"state/policy": {outcome, over_ul, short_ul, told_ms,
    wrong}}), `places` (fault -> where it strikes), `figure`, `bounds` [(name, µL, bound µL)].
    """
    cells = data["cells"]
    wrong = [
        (fault, place, cell) for fault, row in cells.items() for place, cell in row.items() if cell["wrong"]
    ]
    parts = [
        f'<style>{_CSS}</style><header><p class="kicker">KVO · proof</p><h1>Single faults</h1>'
        f'<p class="under">{words.safe(data["figure"])}</p></header>',
        _tiles(data, len(wrong)),
        _key(),
        _field(data),
        _differing(wrong),
        _bounds(data["bounds"]),
        "<footer>Each cell: a pump in that state with a drug of that policy, struck by one fault, beside the same pump "
        "unstruck, and held against a matrix written by hand from the fail-safe policy. A simulated pump. No medical "
        "use.</footer>",
    ]
    return page.save(page.page("Single faults · KVO", "\n".join(parts), {}), path)


def _tiles(data: dict[str, Any], wrong: int) -> str:
    count = sum(len(row) for row in data["cells"].values())
    items = [
        (words.number(len(data["cells"]), 0), "faults"),
        (words.number(count, 0), "cells"),
        (words.number(wrong, 0), "differ from the matrix"),
    ]
    items += [(f"{words.number(most, 0)} µL", f"most too much, {name}") for name, most, _bound in data["bounds"]]
    return page.tiles(items)


def _key() -> str:
    marks = [*_OUTCOMES.values(), (_DIFFERS, "differs from the matrix")]
    shown = "".join(f'<span><i style="background:{colour}"></i>{words.safe(text)}</span>' for colour, text in marks)
    letters = ", ".join(f"{letter} {policy}" for policy, letter in _LETTERS.items())
    return f'<div class="key">{shown}<span>columns in a state: {words.safe(letters)}</span></div>'


def _field(data: dict[str, Any]) -> str:
    states, policies = data["states"], data["policies"]
    wide = f'<th class="up" colspan="{len(policies)}">'
    top = "".join(f"{wide}<span>{words.safe(state)}</span></th><th></th>" for state in states)
    under = "".join(
        "".join(f'<th class="p">{_LETTERS.get(policy, "?")}</th>' for policy in policies) + "<th></th>" for _ in states
    )
    lines = [f"<tr><th></th>{top}</tr><tr><th></th>{under}</tr>"]
    last = ""
    for fault, row in data["cells"].items():
        place = data["places"][fault]
        if place != last:
            last = place
            lines.append(f'<tr class="place"><td class="name">{words.safe(place)}</td></tr>')
        lines.append(f'<tr><td class="name">{words.safe(fault)}</td>{_row(row, states, policies)}</tr>')
    return f'<h2>Every fault in every state</h2><div class="scroll"><table class="field">{"".join(lines)}</table></div>'


def _row(row: dict[str, dict[str, Any]], states: list[str], policies: list[str]) -> str:
    found = []
    for state in states:
        for policy in policies:
            cell = row.get(f"{state}/{policy}")
            found.append("<td></td>" if cell is None else _cell(state, policy, cell))
        found.append('<td class="gap"></td>')
    return "".join(found)


def _cell(state: str, policy: str, cell: dict[str, Any]) -> str:
    colour = _OUTCOMES.get(cell["outcome"], _OUTCOMES["other"])[0]
    told = ", ".join(f"{name} after {ms} ms" for name, ms in cell["told_ms"].items())
    title = f"{state}, {policy}: {cell['outcome']}; {cell['over_ul']} µL too much" + (f"; {told}" if told else "")
    if cell["wrong"]:
        title += "; DIFFERS: " + "; ".join(cell["wrong"])
    mark = ' class="bad"' if cell["wrong"] else ""
    return f'<td{mark} style="background:{colour}" title="{words.safe(title)}"></td>'


def _differing(wrong: list[tuple[str, str, dict[str, Any]]]) -> str:
    if not wrong:
        return '<h2>What differs</h2><p class="none">Nothing.</p>'
    rows = [
        [words.safe(fault), words.safe(place), words.safe("; ".join(cell["wrong"]))] for fault, place, cell in wrong
    ]
    heads = [("Fault", False), ("State and policy", False), ("Finding", False)]
    return "<h2>What differs</h2>" + page.table(heads, rows)


def _bounds(bounds: list[tuple[str, float, float]]) -> str:
    rows = [[words.safe(name), words.number(most, 1), words.number(bound, 0)] for name, most, bound in bounds]
    heads = [("Over-delivery", False), ("Most seen, µL", True), ("Disclosed bound, µL", True)]
    return "<h2>Over-delivery against the disclosed bound</h2>" + page.table(heads, rows)
