"""The report of a scenario: its story, what it must hold, and, once it was played, the margins and the run itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator.report import page, run, words

_WIDTH, _LEFT, _ROW, _TOP = 1170, 90, 24, 26
_COLOURS = {
    "people": "#3b8f5a", "world": "#7aa7c7", "network": "#8a97a3", "faults": "#d98a2b", "adversary": "#b5274a",
}  # fmt: skip
_KNOWN_AS = {"cve": "CVE", "cwe": "CWE", "emb3d": "EMB3D", "attack": "ATT&CK for ICS"}


def write_plan(scenario: Any, happenings: list[Any], path: str | Path) -> Path:
    """A page of a scenario that was not played. happenings: of simulator.scenario.story."""
    body = "\n".join(
        [
            f'<header><p class="kicker">KVO · scenario</p><h1>{words.safe(scenario.title)}</h1>'
            f'<p class="under">{words.safe(scenario.name)} · {words.clock(scenario.duration_ms / 1000)}</p></header>',
            _story(scenario),
            lanes(happenings, scenario.duration_ms / 1000),
            _happens(happenings),
            _properties([(one, None) for one in scenario.properties]),
            _known(scenario),
            "<footer>A simulated pump and patient. No medical use.</footer>",
        ]
    )
    return page.save(page.page(f"{scenario.title} · KVO", body, {}), path)


def write(played: Any, happenings: list[Any], path: str | Path) -> Path:
    """A page of a scenario that was played: its story and margins above the run's own report."""
    scenario = played.scenario
    more = "\n".join(
        [
            _story(scenario),
            _properties([(outcome.judged, outcome) for outcome in played.outcomes]),
            "<h2>What was planned</h2>",
            lanes(happenings, scenario.duration_ms / 1000),
            _known(scenario),
            "<h2>What came of it</h2>",
        ]
    )
    return run.write(played.run, path, more)


def _story(scenario: Any) -> str:
    return f"<p>{words.safe(scenario.story)}</p>" if scenario.story else ""


def _properties(rows: list[tuple[Any, Any]]) -> str:
    """Each property, with its margin where it was judged."""
    lines = []
    for one, outcome in rows:
        cells = [_verdict(outcome), words.safe(one.name), words.safe(one.says), f"<code>{words.safe(one.text)}</code>"]
        lines.append([*cells, _margin(outcome), _worst(outcome)])
    heads = [(name, False) for name in ("", "Property", "What it says", "Formula")]
    return "<h2>Properties</h2>" + page.table([*heads, ("Margin", True), ("Closest at", True)], lines)


def _verdict(outcome: Any) -> str:
    if outcome is None:
        return ""
    return '<span class="pill">holds</span>' if outcome.holds else '<span class="pill high">fails</span>'


def _margin(outcome: Any) -> str:
    return "" if outcome is None else f"{words.signed(outcome.margin, 4)} {words.safe(outcome.unit)}"


def _worst(outcome: Any) -> str:
    return "" if outcome is None or outcome.worst_s is None else words.clock(outcome.worst_s)


def lanes(happenings: list[Any], total_s: float) -> str:
    """The story as a drawing: a lane for each kind of actor."""
    lanes = [lane for lane in _COLOURS if any(one.lane == lane for one in happenings)]
    height = _TOP + _ROW * max(len(lanes), 1) + 8
    inside = _WIDTH - _LEFT - 20
    parts = []
    for part in range(5):
        x = _LEFT + part * inside / 4
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{height - 6}" stroke="#e8ecf0"/>')
        at, anchor = words.clock(part * total_s / 4), "end" if part == 4 else "middle"
        parts.append(f'<text x="{x:.1f}" y="16" text-anchor="{anchor}" fill="#5c6975">{at}</text>')
    for row, lane in enumerate(lanes):
        y = _TOP + row * _ROW
        parts.append(f'<text x="0" y="{y + 16}" fill="#25313c">{lane}</text>')
        for one in (one for one in happenings if one.lane == lane):
            x = _LEFT + min(one.at_s / total_s, 1) * inside
            end_s = one.at_s if one.end_s is None else one.end_s
            wide = max((end_s - one.at_s) / total_s * inside, 4)
            tip = words.safe(f"{words.clock(one.at_s)} {one.words}")
            parts.append(
                f'<rect x="{x:.1f}" y="{y + 4}" width="{wide:.1f}" height="15" rx="2" fill="{_COLOURS[lane]}">'
                f"<title>{tip}</title></rect>"
            )
    box = f'viewBox="0 0 {_WIDTH} {height}" width="100%" font-size="13" font-family="system-ui, sans-serif"'
    return f'<section class="chart"><svg {box} role="img">{"".join(parts)}</svg></section>'


def _happens(happenings: list[Any]) -> str:
    rows = [[words.clock(one.at_s), one.lane, words.safe(one.words)] for one in happenings]
    heads = [("Time", True), ("Who", False), ("What", False)]
    return "<h2>What happens</h2>" + page.table(heads, rows, kind="events")


def _known(scenario: Any) -> str:
    """Who attacks from where, what stops it, where it is known from."""
    items = []
    attack = scenario.attack
    if attack is not None:
        items += [("from", ", ".join(attack.positions)), ("stopped by", attack.control), ("told by", attack.property)]
    for name, found in scenario.references.model_dump().items():
        if found:
            items.append((_KNOWN_AS.get(name, name), ", ".join(found)))
    if not items:
        return ""
    shown = "".join(f"<dt>{words.safe(name)}</dt><dd>{words.safe(value)}</dd>" for name, value in items)
    return f"<h2>The attack</h2><dl>{shown}</dl>"
