"""Accuracy by IEC 60601-2-24: start-up and trumpet curves, on a page of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator.report import page, words

_INK, _FAINT, _GRID = "#25313c", "#8793a0", "#e8ecf0"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_FLOW, _MOST, _LEAST = "#2f7fc1", "#c2571a", "#2b8a7e"
_HEIGHT = 300


def accuracy_page(curves: dict[str, dict[str, Any]], path: str | Path) -> Path:
    """Write a page with a start-up and a trumpet curve for each label.

    curves: label -> startup [(t_min, q_ml_h)], trumpet [(P_min, epmax_pct, epmin_pct)], overall_pct and
    rate_ml_h. Raises ReportUnavailable without plotly.
    """
    figures: dict[str, dict[str, Any]] = {}
    parts = [
        '<header><p class="kicker">KVO · proof</p><h1>Delivery accuracy</h1><p class="under">By the methods of '
        "IEC 60601-2-24, on the simulated plant with backlash, stiction and head ripple.</p></header>",
        _overview(curves),
    ]
    for place, (label, curve) in enumerate(curves.items()):
        startup, trumpet = f"startup{place}", f"trumpet{place}"
        figures[startup] = _startup(curve)
        figures[trumpet] = _trumpet(curve)
        parts.append(
            f'<h2>{words.safe(label)}</h2><div class="two"><section class="chart"><div id="{startup}" '
            f'style="height:{_HEIGHT}px"></div></section><section class="chart"><div id="{trumpet}" '
            f'style="height:{_HEIGHT}px"></div></section></div>'
        )
    parts.append(
        "<footer>Start-up: the flow from the first drop on. Trumpet: the largest and the smallest error of the mean "
        "flow over any window of the given length, in the analysis period. A simulated pump. No medical use.</footer>"
    )
    return page.save(page.page("Delivery accuracy · KVO", "\n".join(parts), figures), path)


def _overview(curves: dict[str, dict[str, Any]]) -> str:
    heads = [("Pump and rate", False), ("Rate, mL/h", True), ("Overall error, %", True)]
    windows = sorted({point[0] for curve in curves.values() for point in curve["trumpet"]})
    heads += [(f"{words.number(window, 0)} min, %", True) for window in windows]
    rows = []
    for label, curve in curves.items():
        ends = {point[0]: f"{words.signed(point[2])} … {words.signed(point[1])}" for point in curve["trumpet"]}
        first = [words.safe(label), words.number(curve["rate_ml_h"], 1), words.signed(curve["overall_pct"])]
        rows.append([*first, *(ends.get(window, "–") for window in windows)])
    return page.table(heads, rows)


def _line(points: list[tuple[float, float]], name: str, colour: str, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": [x for x, _ in points], "y": [y for _, y in points],
        "line": {"color": colour, "width": 1.8}, "hovertemplate": f"%{{y:.3~g}} {unit}<extra>{name}</extra>", **more,
    }  # fmt: skip


def _layout(title: str, x_title: str, y_title: str, x_axis: dict[str, Any] | None = None) -> dict[str, Any]:
    axis = {"gridcolor": _GRID, "linecolor": _FAINT, "zeroline": False, "ticks": "outside", "tickcolor": _FAINT}
    small = {"size": 12, "color": _FAINT}
    return {
        "height": _HEIGHT, "margin": {"l": 62, "r": 18, "t": 44, "b": 52}, "paper_bgcolor": "#fff",
        "plot_bgcolor": "#fff", "font": {"family": _FONT, "size": 13, "color": _INK},
        "title": {"text": f"<b>{title}</b>", "font": {"size": 14}, "x": 0, "xref": "paper", "y": 1, "yref": "container",
                  "pad": {"t": 14, "l": 0}, "yanchor": "top"},
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom", "font": {"size": 12}},
        "xaxis": {**axis, "title": {"text": x_title, "font": small, "standoff": 6}, **(x_axis or {})},
        "yaxis": {**axis, "title": {"text": y_title, "font": small, "standoff": 6}},
        "hovermode": "x unified",
    }  # fmt: skip


def _level(y: float, colour: str, dash: str) -> dict[str, Any]:
    where = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "layer": "below"}
    return {**where, "line": {"color": colour, "width": 1.2, "dash": dash}}


def _startup(curve: dict[str, Any]) -> dict[str, Any]:
    layout = _layout("Start-up", "time, min", "flow, mL/h")
    layout["shapes"] = [_level(curve["rate_ml_h"], _INK, "5px,4px")]
    layout["yaxis"]["rangemode"] = "tozero"
    layout["showlegend"] = False
    layout["annotations"] = [{
        "xref": "paper", "x": 1, "xanchor": "right", "y": curve["rate_ml_h"], "yanchor": "top", "showarrow": False,
        "yshift": -10, "text": f"set: {words.number(curve['rate_ml_h'], 1)} mL/h", "font": {"size": 12},
    }]  # fmt: skip
    return {"data": [_line(curve["startup"], "flow", _FLOW, "mL/h")], "layout": layout, "tools": False}


def _trumpet(curve: dict[str, Any]) -> dict[str, Any]:
    points = curve["trumpet"]
    ticks = [point[0] for point in points]
    layout = _layout(
        "Trumpet", "observation window, min", "flow error, %",
        {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]},
    )  # fmt: skip
    layout["shapes"] = [_level(0, _FAINT, "solid")]
    dots = {"mode": "lines+markers", "marker": {"size": 7}}
    data = [
        _line([(p[0], p[1]) for p in points], "largest", _MOST, "%", **dots),
        _line([(p[0], p[2]) for p in points], "smallest", _LEAST, "%", **dots),
        _line([(p[0], curve["overall_pct"]) for p in points], "overall", _INK, "%"),
    ]
    data[2]["line"] = {"color": _INK, "width": 1.2, "dash": "5px,4px"}
    return {"data": data, "layout": layout, "tools": False}
