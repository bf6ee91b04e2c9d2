"""One HTML file that needs nothing else: style, figures and plotly.js are inside it.

A content security policy allows only the scripts that were written here (by their hashes) and no load from
anywhere: a name in a scenario file that looks like a script stays a name, and the page works offline.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from simulator.report import words
from simulator.report.style import CSS

_DRAW = """
for (const [name, figure] of Object.entries(FIGURES)) {
  Plotly.newPlot(name, figure.data, figure.layout, {displaylogo: false, responsive: true,
    displayModeBar: figure.tools ?? true, modeBarButtonsToRemove: ['select2d', 'lasso2d', 'autoScale2d']});
}
const fit = (width) => { for (const name of Object.keys(FIGURES)) Plotly.relayout(name, {width: width}); };
window.addEventListener('beforeprint', () => fit(document.querySelectorAll('.two .chart').length ? 530 : 1130));
window.addEventListener('afterprint', () => fit(null));
"""


class ReportUnavailable(RuntimeError):
    """The report needs plotly, an optional dependency that is not installed."""


def plotly_js() -> str:
    """The library's own source, as shipped with the Python package. Raises ReportUnavailable."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as missing:
        raise ReportUnavailable(
            "the HTML report needs plotly, which is not installed; remedy: pip install 'kvo[report]'"
        ) from missing
    return get_plotlyjs()


def page(title: str, body: str, figures: dict[str, dict[str, Any]], script: str = "") -> str:
    """The whole file. `body` is trusted HTML in which every foreign text has passed `words.safe`;
    `figures` maps the id of a <div> in it to plotly data and layout; `script` is one of the page's own. Without
    either, the page has none."""
    scripts = [plotly_js(), f"const FIGURES = {words.script_json(figures)};{_DRAW}"] if figures else []
    scripts += [script] if script else []
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts) or "'none'"
    policy = f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:"
    inside = "\n".join(f"<script>{script}</script>" for script in scripts)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{words.safe(title)}</title>\n<style>{CSS}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n{inside}\n</body>\n</html>\n"
    )


def save(text: str, path: str | Path) -> Path:
    """Write the page, making its folder if need be."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8", newline="\n")
    return target


def table(heads: list[tuple[str, bool]], rows: list[list[str]], *, total: bool = False, kind: str = "") -> str:
    """A table from ready HTML cells; heads are (text, is a number). `total`: the last row sums up."""
    top = "".join(
        f'<th class="n">{words.safe(text)}</th>' if num else f"<th>{words.safe(text)}</th>" for text, num in heads
    )
    lines = []
    for place, row in enumerate(rows):
        cells = "".join(
            f'<td class="n">{cell}</td>' if num else f"<td>{cell}</td>"
            for cell, (_, num) in zip(row, heads, strict=True)
        )
        mark = ' class="total"' if total and place == len(rows) - 1 else ""
        lines.append(f"<tr{mark}>{cells}</tr>")
    inside = f"<thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<div class="scroll"><table class="{kind}">{inside}</table></div>'


def tiles(items: list[tuple[str, str]]) -> str:
    """Big figures with a word below each; both are text."""
    shown = "".join(
        f'<div class="tile"><b>{words.safe(big)}</b><span>{words.safe(small)}</span></div>' for big, small in items
    )
    return f'<div class="tiles">{shown}</div>'


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
