"""One attack: its story, what became of the dose with and without it, its margins, and where it is known from."""

from __future__ import annotations

from typing import Any

from simulator.attack.results import DOSE, AttackRun, AttackSaid, Series
from simulator.report import page, svg, words
from simulator.report.attack_facts import LEGACY, SHIPPED, Facts
from simulator.report.attack_matrix import pill

_NAMED = 4
_KNOWN_AS = {"advisory": "Advisory", "cve": "CVE", "cwe": "CWE", "emb3d": "EMB3D", "attack": "ATT&CK for ICS"}


def story(facts: Facts, attack: AttackSaid) -> str:
    """A part of the page that opens; its summary is one line."""
    smallest = facts.smallest(attack.id)
    least = f"without {smallest} of its controls it reaches the dose" if smallest else "no set of controls was found"
    if facts.minimal(attack.id) is None:
        least = ""
    top = (
        f'<summary><b>{words.safe(attack.id)}</b> <span class="t">{words.safe(attack.title)}</span> '
        f'{pill(facts.verdict(attack.id))} <span class="none">{least}</span></summary>'
    )
    runs = [_shown(facts, attack, SHIPPED), _other(facts, attack)]
    span = _span([run.series for run in runs if run is not None and run.series is not None])
    plots = "".join(_plot(attack, run, span) for run in runs if run is not None and run.series is not None)
    body = (
        f"<p>{words.safe(attack.story)}</p>"
        f'<div class="two">{plots}</div>{_sets(facts, attack)}{_about(attack)}{_margins(facts, attack, runs[1])}'
        f"{_runs(facts, attack)}"
    )
    return f'<details class="story" id="a-{words.safe(attack.id)}">{top}<div class="inside">{body}</div></details>'


def _shown(facts: Facts, attack: AttackSaid, profile: str) -> AttackRun | None:
    """A run to draw: of the worst verdict, with its series."""
    found = [run for run in facts.of(attack.id, profile) if run.series is not None]
    return max(found, key=lambda run: abs(run.dose.shift_ml), default=None)


def _other(facts: Facts, attack: AttackSaid) -> AttackRun | None:
    """The run to set beside: without a minimal set, else without its own control, else the legacy profile's."""
    drawn = [run for run in facts.runs.get(attack.id, []) if run.series is not None and run.ablated]
    sets = facts.sets(attack.id)
    for wanted in (
        lambda run: run.ablated in sets and run.verdict == DOSE,
        lambda run: run.profile == LEGACY and run.verdict == DOSE,
        lambda run: run.ablated == (attack.control,),
        lambda run: True,
    ):
        found = [run for run in drawn if wanted(run)]
        if found:
            return min(found, key=lambda run: (len(run.ablated), run.ablated))
    return None


def _span(found: list[Series]) -> float:
    """The most that is drawn, so that the plots of an attack have one scale."""
    return max((max(one.delivered_ml + one.honest_delivered_ml) for one in found), default=0.0)


def _plot(attack: AttackSaid, run: AttackRun, span: float) -> str:
    series: Any = run.series
    lines = [
        svg.Line("prescribed", series.t_s, series.honest_prescribed_ml, svg.FAINT, dash="2,3", width=1.4),
        svg.Line("without the attack", series.t_s, series.honest_delivered_ml, svg.BLUE, dash="7,4", width=2.2),
        svg.Line("with the attack", series.t_s, series.delivered_ml, svg.VERMILION, width=1.6),
        svg.Line("", [series.t_s[-1]], [span], "none", joined=False),
    ]
    marks = [(attack.begins_s, "the attack begins")]
    drawn = svg.chart(svg.Chart(lines, "mL so far", times=True, marks=marks))
    shift = f"shift {words.signed(run.dose.shift_ml, 3)} mL at {words.clock(run.dose.worst_s)}"
    under = f"{shift}; {words.number(run.dose.tolerance_ml, 3)} mL would pass. Home {run.home}, seed {run.seed}."
    return (
        f'<section class="chart"><p class="cap"><b>{words.safe(_pump(run))}</b> {pill(run.verdict)}</p>{drawn}'
        f'<p class="cap">{words.safe(under)} Dotted upright: the attack begins.</p></section>'
    )


def _pump(run: AttackRun) -> str:
    if run.profile == SHIPPED:
        return "The shipped pump"
    if run.profile == LEGACY:
        return "A pump of 2012"
    return "Without " + (", ".join(run.ablated) if len(run.ablated) <= _NAMED else f"{len(run.ablated)} controls")


def _sets(facts: Facts, attack: AttackSaid) -> str:
    found = facts.minimal(attack.id)
    if found is None:
        return ""
    if not found.sets:
        none = f"No set of up to {found.largest} controls lets it reach the dose:"
        return f"<p><b>{none}</b> {words.safe(found.reason)}.</p>"
    chips = "".join(
        "<li>" + " + ".join(f"<code>{words.safe(name)}</code>" for name in one) + "</li>"
        for one in facts.sets(attack.id)
    )
    left = f" Not tried: {', '.join(found.left_out)}." if found.left_out else ""
    return f"<p><b>It reaches the dose without</b>{words.safe(left)}</p><ul class=\"sets\">{chips}</ul>"


def _about(attack: AttackSaid) -> str:
    items = [
        ("from", ", ".join(attack.positions)), ("stopped by", attack.control), ("told by", attack.property),
        ("programme", f"{attack.programme}: {attack.drug}, policy {attack.policy}"),
        ("attack begins", f"{words.clock(attack.begins_s)} of {words.clock(attack.duration_s)}"),
        ("again", f"kvo attack {attack.id}"),
    ]  # fmt: skip
    shown = "".join(f"<dt>{words.safe(name)}</dt><dd>{words.safe(value)}</dd>" for name, value in items)
    for kind, name in _KNOWN_AS.items():
        found = attack.references.get(kind, [])
        if found:
            links = ", ".join(linked(kind, one) for one in found)
            shown += f"<dt>{words.safe(name)}</dt><dd>{links}</dd>"
    return f"<dl>{shown}</dl>"


def linked(kind: str, text: str) -> str:
    """A reference with a link to where it is published; text alone where none is known."""
    target = ""
    if kind == "cve":
        target = f"https://www.cve.org/CVERecord?id={text}"
    elif kind == "cwe":
        target = f"https://cwe.mitre.org/data/definitions/{text.removeprefix('CWE-')}.html"
    elif kind == "emb3d":
        target = f"https://emb3d.mitre.org/threats/{text}.html"
    elif kind == "attack":
        target = f"https://attack.mitre.org/techniques/{text.replace('.', '/')}/"
    elif text.startswith("ICSA-"):
        target = f"https://www.cisa.gov/news-events/ics-advisories/{text.lower()}"
    elif text.startswith("ICSMA-"):
        target = f"https://www.cisa.gov/news-events/ics-medical-advisories/{text.lower()}"
    if not target:
        return words.safe(text)
    return f'<a href="{words.safe(target)}" rel="noreferrer">{words.safe(text)}</a>'


def _margins(facts: Facts, attack: AttackSaid, other: AttackRun | None) -> str:
    """Each property: the least margin over all runs of the shipped pump, and of the run beside."""
    first = next(iter(facts.of(attack.id, SHIPPED)), other)
    if first is None:
        return ""
    rows = []
    for one in first.properties:
        beside = [own for own in other.properties if own.name == one.name] if other is not None else []
        least = facts.least(attack.id, one.name, SHIPPED)
        mark = " (its own)" if one.name == attack.property else ""
        told = f"<b>{words.safe(one.name)}</b>{mark}<br><span class=\"none\">{words.safe(one.says)}</span>"
        cells = [told, words.safe(one.kind), _margin(least, one.unit)]
        rows.append([*cells, _margin(beside[0].margin if beside else None, one.unit)])
    name = _pump(other) if other is not None else "Weakened"
    heads = [("Property", False), ("Kind", False), ("Shipped, least margin", True), (name, True)]
    return page.table(heads, rows)


def _margin(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    word = "" if value > 0 else " <b>fails</b>"
    return f"{words.signed(value, 3)} {words.safe(unit)}{word}"


def _runs(facts: Facts, attack: AttackSaid) -> str:
    rows = []
    for run in facts.runs.get(attack.id, []):
        trace = ", ".join(f"{name} {digest[:10]}" for name, digest in run.trace_sha256.items())
        cells = [pill(run.verdict), words.safe(_pump(run)), words.safe(run.home), str(run.seed)]
        cells += [words.signed(run.dose.shift_ml, 3), words.signed(run.dose.dose_error_pct), str(len(run.alarms))]
        rows.append([*cells, f"<code>{words.safe(trace)}</code>"])
    heads = [("Verdict", False), ("Pump", False), ("Home", False), ("Seed", True), ("Shift, mL", True)]
    heads += [("Dose error, %", True), ("Alarms", True), ("Trace begins", False)]
    return f"<details><summary>All {len(rows)} runs</summary>{page.table(heads, rows)}</details>"
