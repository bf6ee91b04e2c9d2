"""The catalogue's table for docs/faults.md: `python -m tools.faults_doc` writes it.

The page's words are written by hand; what stands between its two marks is made from the
catalogue. `check` compares; a test calls it.
"""

from __future__ import annotations

from pathlib import Path

from simulator.faults import KINDS, PLACES, Kind
from tools.pages import renewed

PAGE = Path("docs") / "faults.md"
BEGIN = "<!-- Made by `python -m tools.faults_doc` from simulator/faults/; do not edit. -->"
END = "<!-- End of what is made. -->"


def _parameters(kind: Kind) -> str:
    cells = []
    for parameter in kind.parameters:
        if parameter.choices:
            cells.append(f"`{parameter.name}`: {parameter.says} ({parameter.default})")
        else:
            span = f"{parameter.shown(parameter.low)} to {parameter.shown(parameter.high)}"
            cells.append(f"`{parameter.name}`: {parameter.says}, {span} ({parameter.shown(parameter.default)})")
    return "; ".join(cells)


def table() -> str:
    """What stands between the marks: one table for each place."""
    lines = [f"{len(KINDS)} kinds in {len(PLACES)} places. ○ is over once it has struck; † needs home cpython.", ""]
    for place, words in PLACES.items():
        kinds = [kind for kind in KINDS.values() if kind.where == place]
        if not kinds:
            continue
        lines += [f"### {place.capitalize()}: {words}", "", "| fault | what happens | parameters |", "|---|---|---|"]
        for kind in kinds:
            marks = ("" if kind.lasts else " ○") + (" †" if kind.firmware else "")
            lines.append(f"| `{kind.name}`{marks} | {kind.says} | {_parameters(kind)} |")
        lines.append("")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with the table as it must be. ValueError where the marks are missing."""
    return renewed(PAGE, text, BEGIN, END, table())


def check(path: Path = PAGE) -> bool:
    """Whether the page's table is the catalogue's."""
    text = path.read_text(encoding="utf-8")
    return text == page(text)


def write(path: Path = PAGE) -> Path:
    """Renew the table; returns the page's path."""
    path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write())
