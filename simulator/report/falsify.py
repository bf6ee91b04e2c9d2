"""The page of a search: margins over its runs, and the worst run beside the one that the file has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator.report import page, svg, words
from simulator.report.scenario import lanes

_WHY = {
    "file": ("as the file has it", svg.INK), "moment": ("beside a moment of that run", svg.ORANGE),
    "spread": ("an even spread", svg.BLUE), "near": ("near the best", svg.PURPLE),
    "model": ("where a model expects less", svg.GREEN),
    "random": ("at random", svg.BLUE),
}  # fmt: skip
_MOST_SIGNALS = 6
_WIDE = 1130


def write(found: Any, worst: Any, happens: Any, path: str | Path) -> Path:
    """The page of a simulator.falsify.Found. worst: its worst run, played. happens(scenario): what happens in one."""
    candidates = found.judge.candidates
    title = f"{candidates.title}: the worst that was found"
    body = "\n".join(
        [
            f'<style>{CSS}</style><header><p class="kicker">KVO · search</p><h1>{words.safe(title)}</h1>'
            f'<p class="under">{words.safe(_headline(found))}</p></header>',
            page.tiles(_tiles(found)),
            "<h2>What varied</h2>" + _varied(found),
            "<h2>Properties</h2>" + _properties(found),
            "<h2>Scores over the runs</h2>" + _runs(found),
            "<h2>The worst run beside the file's own</h2>" + _beside(found, worst),
            "<h2>What the file plans</h2>" + lanes(happens(found.nominal.scenario), worst.run.simulated_s),
            "<h2>What the worst run does</h2>" + lanes(happens(worst.scenario), worst.run.simulated_s),
            "<details><summary>The worst run as a scenario file</summary>"
            f"<pre>{words.safe(found.text())}</pre></details>",
            "<footer>A search shows what it found, never that there is nothing worse. A simulated pump and patient. "
            "No medical use.</footer>",
        ]
    )
    return page.save(page.page(f"{title} · KVO", body, {}), path)


CSS = """
.two > .chart { margin-bottom: 20px; }
.plotted { overflow-x: auto; } .plot { width: 100%; min-width: 460px; height: auto; display: block; }
.key svg { vertical-align: -1px; }
pre { font: 12px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; background: var(--wash); padding: 12px; border-radius: 6px; }
details { margin-top: 24px; } summary { cursor: pointer; font-weight: 650; }
"""


def _headline(found: Any) -> str:
    run = found.nominal.run
    say = f"{found.judge.candidates.name}, seed {run.seed}, home {run.home}, {len(found.trials)} runs: "
    failing = sum(found.least(name).margins[name] <= 0 for name in found.sought)
    return say + (f"{failing} of {len(found.sought)} properties fail" if failing else "nothing below 0 was found")


def _tiles(found: Any) -> list[tuple[str, str]]:
    worst = found.worst
    return [
        (words.number(len(found.trials), 0), "runs"),
        (words.number(len(found.judge.candidates.freedoms), 0), "values that varied"),
        (words.number(worst.score, 3), f"least score, in run {worst.number}"),
        (words.number(len(found.problems), 0), "runs that could not be played"),
    ]


def _varied(found: Any) -> str:
    rows = []
    worst, nominal = found.worst.values, found.judge.candidates.own_values
    for one in found.judge.candidates.freedoms:
        span = ", ".join(str(choice) for choice in one.choices) or f"{one.written(one.low)} to {one.written(one.high)}"
        cells = (one.label, span, one.written(nominal[one.label]), one.written(worst[one.label]))
        rows.append([words.safe(cell) for cell in cells])
    return page.table([(name, False) for name in ("Value", "Range", "In the file", "In the worst run")], rows)


def _properties(found: Any) -> str:
    rows = []
    for outcome in found.nominal.outcomes:
        name, unit = outcome.judged.name, words.safe(outcome.unit)
        trial = found.least(name)
        least = trial.margins[name]
        mark = "" if name in found.sought else '<span class="none">not sought</span>'
        verdict = '<span class="pill high">fails</span>' if least <= 0 else '<span class="pill">holds</span>'
        cells = [mark or verdict, words.safe(name), words.safe(outcome.judged.says)]
        cells += [f"{words.signed(one, 4)} {unit}" for one in (outcome.margin, least)]
        rows.append([*cells, str(trial.number)])
    heads = [("", False), ("Property", False), ("What it says", False)]
    return page.table([*heads, ("In the file", True), ("Least margin", True), ("In run", True)], rows)


def _runs(found: Any) -> str:
    """Each run's score as a dot, by why it was tried, and the least so far."""
    played = [one for one in found.trials if one.score is not None]
    best, least = [], float("inf")
    for one in played:
        least = min(least, one.score)
        best.append(least)
    lines = [svg.Line("least so far", [one.number for one in played], best, svg.VERMILION, steps=True)]
    for why, (name, colour) in _WHY.items():
        mine = [one for one in played if one.why == why]
        if mine:
            xs, ys = [one.number for one in mine], [one.score for one in mine]
            lines.append(svg.Line(name, xs, ys, colour, dots=True, joined=False))
    title = "margin" if len(found.sought) == 1 else "least margin, of the file's own"
    wanted = svg.Chart(lines, title, "run", zero="fails below", width=_WIDE, height=260)
    return f'<section class="chart">{svg.chart(wanted)}</section>'


def _beside(found: Any, worst: Any) -> str:
    """The signals of the property that came closest to failing, or failed most."""
    nominal, units = found.nominal, found.units
    names = [name for name in worst.scenario.signals if name in found.worst_property.formula.names]
    charts = []
    for name in names[:_MOST_SIGNALS]:
        lines = [
            svg.Line("in the file", nominal.signals["t_s"], nominal.signals[name], svg.BLUE, dash="6,3", steps=True),
            svg.Line("at its worst", worst.signals["t_s"], worst.signals[name], svg.VERMILION, steps=True),
        ]
        unit = units.get(name, "")
        title = f"{name}, {unit}" if unit else name
        width, height = (_WIDE, 260) if len(names) == 1 else (560, 220)
        wanted = svg.Chart(lines, title, times=True, width=width, height=height)
        charts.append(f'<section class="chart">{svg.chart(wanted)}</section>')
    said = found.worst_property
    head = f"<p><b>{words.safe(said.name)}</b>: {words.safe(said.says)}. <code>{words.safe(said.text)}</code></p>"
    return head + f'<div class="two">{"".join(charts)}</div>'
