"""The report of one run: summary, timeline, phases with their dose errors, alarms, events, identity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator.report import page, words
from simulator.report.timeline import Timeline

_MOST_EVENTS = 1000


def write(result: Any, path: str | Path, more: str = "") -> Path:
    """Write the report of a `RunResult` and return where it lies. Raises ReportUnavailable without plotly.

    more: trusted HTML that stands between the tiles and the timeline.
    """
    figure = Timeline(result).figure()
    body = "\n".join(
        [
            _header(result),
            page.tiles(_summary(result)),
            more,
            f'<section class="chart"><div id="timeline" style="height:{figure["height"]}px"></div>',
            f"{_key(result)}</section>",
            _phases(result),
            f'<div class="two"><section>{_alarms(result)}</section><section>{_identity(result)}</section></div>',
            _events(result),
            "<footer>A simulated pump and patient. No medical use.</footer>",
        ]
    )
    return page.save(page.page(f"{result.title} · KVO", body, {"timeline": figure}), path)


def _header(result: Any) -> str:
    under = f"{words.safe(result.scenario)} · seed {words.safe(result.seed)} · {words.safe(result.home)}"
    return (
        f'<header><p class="kicker">KVO · infusion report</p><h1>{words.safe(result.title)}</h1>'
        f'<p class="under">{under} · {words.clock(result.simulated_s)} simulated</p></header>'
    )


def _totals(result: Any) -> tuple[float, float]:
    """Prescribed and delivered, mL: the run's own totals, else the sum of its phases."""
    prescribed = getattr(result, "prescribed_ml", None)
    delivered = getattr(result, "delivered_ml", None)
    if prescribed is None or delivered is None:
        prescribed = sum(phase["prescribed_ml"] for phase in result.phases)
        delivered = sum(phase["delivered_ml"] for phase in result.phases)
    return prescribed, delivered


def _error_pct(prescribed: float, delivered: float) -> float | None:
    return 100 * (delivered - prescribed) / prescribed if prescribed else None


def _summary(result: Any) -> list[tuple[str, str]]:
    prescribed, delivered = _totals(result)
    items = [
        (f"{words.number(delivered)} mL", f"delivered of {words.number(prescribed)} mL prescribed"),
        (f"{words.signed(_error_pct(prescribed, delivered))} %", "dose error over the run"),
    ]
    over = getattr(result, "max_overdelivery_ml", None)
    if over is not None:
        items.append((f"{words.number(over, 3)} mL", "most ever ahead of the prescription"))
    counts = [sum(1 for alarm in result.alarms if alarm["priority"] == level) for level in words.PRIORITY_COLOURS]
    items.append((" · ".join(str(count) for count in counts), "alarms: high · medium · low"))
    items.append((words.clock(_stopped_s(result)), "flow stopped by the pump"))
    if result.wall_s > 0:
        items.append((f"{words.number(result.simulated_s / result.wall_s, 0)} ×", "faster than real time"))
    return items


def _stopped_s(result: Any) -> float:
    ends = [*(state[0] for state in result.states), result.simulated_s][1:]
    return sum(
        end - state[0]
        for state, end in zip(result.states, ends, strict=True)
        if str(state[1]).lower() in ("stopped", "failed")
    )


def _key(result: Any) -> str:
    marks = []
    for place, colours in ((1, words.DELIVERY_COLOURS), (2, words.TRUST_COLOURS)):
        for name in dict.fromkeys(str(state[place]) for state in result.states):
            marks.append((colours.get(name.lower(), words.PLAIN), ("delivery", "trust")[place - 1] + ": " + name))
    for level, colour in words.PRIORITY_COLOURS.items():
        if any(alarm["priority"] == level for alarm in result.alarms):
            marks.append((colour, f"{level} alarm"))
    shown = "".join(f'<span><i style="background:{colour}"></i>{words.safe(text)}</span>' for colour, text in marks)
    return f'<div class="key">{shown}</div>'


def _phases(result: Any) -> str:
    heads = [("Phase", False)]
    heads += [(name, True) for name in ("From", "To", "Prescribed, mL", "Delivered, mL", "Error, %")]
    rows = [
        [
            words.safe(phase["name"]),
            words.clock(phase["start_s"]),
            words.clock(phase["end_s"]),
            words.number(phase["prescribed_ml"], 3),
            words.number(phase["delivered_ml"], 3),
            words.signed(phase["error_pct"]) if phase["prescribed_ml"] else "–",
        ]
        for phase in result.phases
    ]
    prescribed, delivered = _totals(result)
    error = words.signed(_error_pct(prescribed, delivered))
    run = ["Whole run", words.clock(0), words.clock(result.simulated_s), words.number(prescribed, 3)]
    rows.append([*run, words.number(delivered, 3), error])
    return "<h2>Dose by phase</h2>" + page.table(heads, rows, total=True)


def _alarms(result: Any) -> str:
    if not result.alarms:
        return '<h2>Alarms</h2><p class="none">None.</p>'
    rows = []
    for alarm in result.alarms:
        level = str(alarm["priority"]).lower()
        pill = f'<span class="pill {words.safe(level)}">{words.safe(level)}</span>'
        end_s = alarm.get("end_s")
        end = "still on" if end_s is None else words.clock(end_s)
        rows.append([pill, words.safe(alarm["code"]), words.clock(alarm["time_s"]), end])
    heads = [("Priority", False), ("Alarm", False), ("From", True), ("To", True)]
    return "<h2>Alarms</h2>" + page.table(heads, rows)


def _events(result: Any) -> str:
    shown = result.events[:_MOST_EVENTS]
    rows = [[words.clock(at), words.safe(text)] for at, text in shown]
    left = len(result.events) - len(shown)
    more = f'<p class="none">{left} more are not shown.</p>' if left else ""
    return "<h2>What happened</h2>" + page.table([("Time", True), ("Event", False)], rows, kind="events") + more


def _identity(result: Any) -> str:
    items = [("scenario", result.scenario), ("seed", result.seed), ("home", result.home)]
    items += [(f"{name} trace, SHA-256", digest) for name, digest in result.trace_sha256.items()]
    shown = "".join(f"<dt>{words.safe(name)}</dt><dd><code>{words.safe(value)}</code></dd>" for name, value in items)
    note = '<p class="none">The same scenario, seed and home give the same hashes.</p>'
    return f"<h2>Identity</h2><dl>{shown}</dl>{note}"
