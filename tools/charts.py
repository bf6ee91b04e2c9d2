"""State charts, drawn by `transitions` from the firmware's own rows: docs/states.md.

`write` makes the page, and SVG pictures beside it where Graphviz is found; `check` compares
the page with what the rows give now. Pictures are never compared: Graphviz versions differ.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from transitions.extensions import GraphMachine

from simulator import machines
from simulator.machines import Model, Row, Table, transitions_of

DOCS = Path("docs")
PAGE = "states.md"

_HEAD = """# States

<!-- Made by `kvo chart` from firmware/therapy/tables.py; do not edit. -->

What the pump may do is two tables, stepped by `firmware/therapy/engine.py`. The charts are
drawn by `transitions` from the same rows, and a test compares this page with them. Claims:
`engine-agrees`, `tables`.
"""
_NOTES = {
    "delivery": "What the motor may do. Reasons are in [design.md](design.md).",
    "trust": "How far the pump trusts what reaches it over the network. The link's own state is a bit beside it.",
}


def _common(table: Table) -> tuple[str, str] | None:
    """Event and destination that every other state leads to unconditionally, if there is one.

    Such edges say one sentence and would cover the chart.
    """
    for event, name in enumerate(table.events):
        rows = [row for row in table if row.event == event and not row.guard]
        targets = {row.destination for row in rows}
        if len(targets) == 1 and len({row.source for row in rows} | targets) == len(table.states):
            return name, table.states[targets.pop()]
    return None


def mermaid(table: Table, without: str = "") -> str:
    """The table as a Mermaid state diagram; `without` names an event that is not drawn."""
    model = Model()
    rows = [row for row in transitions_of(table, model) if row["trigger"] != without]
    GraphMachine(
        model=model,
        states=list(table.states),
        initial=table.states[table.initial],
        transitions=rows,
        auto_transitions=False,
        send_event=True,
        graph_engine="mermaid",
        show_conditions=True,
    )
    drawn = model.get_graph(title=f"title: {table.title}")  # type: ignore[attr-defined]
    keep = [line.rstrip() for line in drawn.source.splitlines() if "class" not in line.lower()]
    return "\n".join(keep) + "\n"


def dot(table: Table) -> str:
    """The table as Graphviz text, parallel edges on one arrow."""
    edges: dict[tuple[str, str], list[str]] = {}
    for row in table:
        edge = (table.states[row.source], table.states[row.destination])
        edges.setdefault(edge, []).append(_label(table, row))
    lines = [f"digraph {table.title} {{", "  rankdir=LR; node [shape=box, style=rounded];"]
    for (source, target), labels in edges.items():
        label = "\\n".join(labels)  # Graphviz' own line break
        lines.append(f'  {source} -> {target} [label="{label}"];')
    return "\n".join([*lines, "}", ""])


def _label(table: Table, row: Row) -> str:
    guards = table.guard_names(row.guard)
    return table.events[row.event] + (f" [{' & '.join(guards)}]" if guards else "")


def _rows(table: Table) -> list[str]:
    lines = ["| from | event | if | to | action |", "|---|---|---|---|---|"]
    for row in sorted(table, key=lambda row: row.source):
        guards = " and ".join(table.guard_names(row.guard))
        action = table.actions[row.action] if row.action else ""
        cells = (table.states[row.source], table.events[row.event], guards, table.states[row.destination], action)
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _section(table: Table) -> list[str]:
    lines = [f"## {table.title.capitalize()}", "", _NOTES[table.title], ""]
    common = _common(table)
    if common:
        lines += [f"`{common[0]}` leads to {common[1]} from every other state; the chart leaves that out.", ""]
    lines += ["```mermaid", mermaid(table, common[0] if common else "").rstrip(), "```", "", "Guards:", ""]
    lines += [f"- `{name}`: {says}" for name, says in zip(table.guards, table.guard_says, strict=True)]
    return [*lines, "", "The first row that matches wins; an event without a row is ignored.", "", *_rows(table), ""]


def page() -> str:
    """The whole of docs/states.md."""
    lines = [_HEAD]
    for table in (machines.DELIVERY, machines.TRUST):
        lines += _section(table)
    return "\n".join(lines)


def write(folder: Path = DOCS, pictures: bool = True) -> list[Path]:
    """Write the page, and SVG pictures where Graphviz is found; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / PAGE]
    written[0].write_text(page(), encoding="utf-8")
    graphviz = shutil.which("dot") if pictures else None
    if graphviz:
        for table in (machines.DELIVERY, machines.TRUST):
            target = folder / f"states-{table.title}.svg"
            subprocess.run([graphviz, "-Tsvg", "-o", str(target)], input=dot(table), text=True, check=True)
            written.append(target)
    return written


def check(folder: Path = DOCS) -> list[Path]:
    """The pages that do not show the tables as they are; `kvo chart` makes them anew."""
    path = folder / PAGE
    current = path.exists() and path.read_text(encoding="utf-8") == page()
    return [] if current else [path]
