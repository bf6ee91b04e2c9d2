"""The timeline: signals, states, alarms and disturbances over one shared axis of run time, as a plotly figure.

The figure is plain data (what plotly.js reads), so that nothing but the page needs plotly.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from simulator.report import words
from simulator.report.thin import thin

_INK = "#25313c"
_FAINT = "#8793a0"
_GRID = "#e8ecf0"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_LEFT, _RIGHT, _BOTTOM, _GAP = 186, 44, 52, 44
_PLOT_WIDTH = 960  # what the text of a disturbance is measured against; the page may be wider
# Run time is drawn as a date, so that the axis reads h:min at every zoom. Day 1 is a first of January; not that
# of 1970, because plotly takes numbers of two or four digits for years.
_DAY_1_MS = 978_307_200_000
_LANE = 17
_MOST_LANES = 9


@dataclass(frozen=True)
class Line:
    """A signal in a panel: `factor` brings it to the panel's unit."""

    key: str
    name: str
    colour: str
    factor: float = 1.0
    dash: str = "solid"
    width: float = 1.6
    steps: bool = False


@dataclass(frozen=True)
class Panel:
    """One row of the timeline with its own scale."""

    title: str
    unit: str
    height: int
    lines: tuple[Line, ...]


def _window(end_s: float) -> int:
    """Seconds over which the delivered rate is averaged: about a pixel's worth of the run."""
    return max(1, round(end_s / 480))


def _means(values: list[float], window: int) -> list[float]:
    """Each value as the mean of the last `window` of them. A stopper moves in slips; a minute shows the flow."""
    if window == 1:
        return values
    sums = [0.0, *accumulate(values)]
    return [(sums[i + 1] - sums[max(0, i + 1 - window)]) / min(i + 1, window) for i in range(len(values))]


def _panels(result: Any, window: int) -> list[Panel]:
    delivered = f"delivered, mean of {window} s" if window > 1 else "delivered"
    drug_unit = result.units.get("plasma", "ng/mL")
    panels = [
        Panel("Rate", "mL/h", 170, (
            Line("delivered_ul_h", delivered, "#2f7fc1", 1e-3, width=1.2),
            Line("prescribed_ul_h", "prescribed", _INK, 1e-3, dash="4px,3px", width=1.8, steps=True),
        )),
        Panel("Volume", "mL", 120, (
            Line("delivered_ul", "delivered", "#2f7fc1", 1e-3, width=2.2),
            Line("commanded_ul", "prescribed", _INK, 1e-3, dash="4px,3px"),
        )),
        Panel("Line pressure", "mmHg", 110, (Line("down_mmhg", "downstream", "#7a5ca8"),)),
        Panel("Drug in the patient", drug_unit, 130, (
            Line("plasma", "plasma", "#c2571a", width=1.8),
            Line("effect", "effect site", "#2b8a7e", width=1.8),
        )),
    ]  # fmt: skip
    return [panel for panel in panels if any(result.signals.get(line.key) for line in panel.lines)]


class Timeline:
    """Collects traces and axes from the top down; `figure()` gives data, layout and height in pixels."""

    def __init__(self, result: Any) -> None:
        self._result = result
        self._times = result.signals.get("t_s", [])
        self._end_s = max([result.simulated_s, *self._times[-1:], 1.0])
        self._data: list[dict[str, Any]] = []
        self._shapes: list[dict[str, Any]] = []
        self._notes: list[dict[str, Any]] = []
        self._layout: dict[str, Any] = {}
        self._axis = 0
        self._top = 0

    def figure(self) -> dict[str, Any]:
        """Everything plotly.js needs."""
        panels = _panels(self._result, _window(self._end_s))
        codes = list(dict.fromkeys(str(alarm["code"]) for alarm in self._result.alarms))
        labels, head = self._place_disturbances()
        line_px = max((9 + 16 * (1 + _folded(code).count("<br>")) for code in codes), default=0)
        bands = 96 if self._signs() else 66
        rows = [panel.height for panel in panels] + [bands] + ([max(34, line_px * len(codes))] if codes else [])
        inside = sum(rows) + _GAP * (len(rows) - 1)
        tops = [sum(rows[:i]) + _GAP * i for i in range(len(rows))]
        spans = [(1 - (top + height) / inside, 1 - top / inside) for top, height in zip(tops, rows, strict=True)]
        for panel, span in zip(panels, spans, strict=False):
            self._add_panel(panel, span, inside)
        self._add_bands(spans[len(panels)], inside)
        if codes:
            self._add_alarms(codes, spans[-1], inside)
        self._add_disturbances(labels, inside)
        self._close(head, inside)
        return {"data": self._data, "layout": self._layout, "height": head + inside + _BOTTOM}

    def _add_axis(self, span: tuple[float, float], inside: int, title: str, **more: Any) -> str:
        self._axis += 1
        suffix = "" if self._axis == 1 else str(self._axis)
        self._layout["yaxis" + suffix] = {
            "domain": [max(0.0, span[0]), span[1]], "gridcolor": _GRID, "zeroline": False, "linecolor": _FAINT,
            "tickfont": {"size": 11, "color": _INK}, "fixedrange": True, "automargin": False, **more,
        }  # fmt: skip
        note = {"xref": "paper", "yref": "paper", "x": 0, "y": span[1], "xanchor": "left", "yanchor": "bottom"}
        self._notes.append({**note, "yshift": 4, "text": title, "showarrow": False, "align": "left"})
        return "y" + suffix

    def _add_panel(self, panel: Panel, span: tuple[float, float], inside: int) -> None:
        title = f"<b>{words.safe(panel.title)}</b>  {words.safe(panel.unit)}"
        ceiling = self._ceiling(panel)
        scale = {"range": [0, ceiling]} if ceiling else {"rangemode": "tozero"}
        axis = self._add_axis(span, inside, title, nticks=5, **scale)
        number = "" if self._axis == 1 else str(self._axis)
        self._layout["legend" + number] = {
            "orientation": "h", "x": 1, "xanchor": "right", "y": span[1], "yanchor": "bottom", "font": {"size": 12},
            "bgcolor": "rgba(255,255,255,0)", "itemclick": False, "itemdoubleclick": False,
        }  # fmt: skip
        for line in panel.lines:
            if self._result.signals.get(line.key):
                self._add_line(line, panel.unit, axis, "legend" + number)
        limit = getattr(self._result, "pressure_limit_mmhg", None)
        if any(line.key == "down_mmhg" for line in panel.lines) and limit:
            ends = [_ms(0), _ms(self._end_s)]
            self._data.append({
                "type": "scatter", "mode": "lines", "x": ends, "y": [limit, limit], "yaxis": axis,
                "name": "alarm limit",
                "line": {"color": words.PRIORITY_COLOURS["high"], "width": 1.4, "dash": "6px,4px"},
                "legend": "legend" + number, "hovertemplate": f"limit {words.safe(limit)} mmHg<extra></extra>",
            })  # fmt: skip

    def _ceiling(self, panel: Panel) -> float | None:
        """Where to cut the rate's scale, in its unit; the cut peak is written out. None: no need.

        When an occlusion opens, the line gives back its stored volume in a second: drawn to scale, that needle
        would press the hours around it flat.
        """
        drawn = panel.lines[0]
        if drawn.key != "delivered_ul_h" or not self._result.signals.get(drawn.key):
            return None
        values = self._values(drawn.key)
        meant = max(self._result.signals.get("prescribed_ul_h", values))
        peak = max(values)
        often = sorted(values)[int(0.995 * (len(values) - 1))]
        room = 1.5 * max(meant, often)
        if room <= 0 or peak <= 2 * room:
            return None
        at_s = self._times[values.index(peak)]
        late = at_s > 0.7 * self._end_s
        self._notes.append({
            "xref": "x", "yref": "y", "x": _ms(at_s), "y": room * drawn.factor, "showarrow": False, "yanchor": "top",
            "xanchor": "right" if late else "left", "xshift": -5 if late else 5,
            "font": {"size": 11, "color": drawn.colour},
            "text": f"↑ {words.number(peak * drawn.factor, 0)} {words.safe(panel.unit)}",
        })  # fmt: skip
        return room * drawn.factor

    def _values(self, key: str) -> list[float]:
        values = self._result.signals[key]
        if key != "delivered_ul_h" or len(values) < 2:
            return values
        period_s = (self._times[-1] - self._times[0]) / (len(values) - 1)
        return _means(values, max(1, round(_window(self._end_s) / period_s)))

    def _add_line(self, line: Line, unit: str, axis: str, legend: str) -> None:
        values = self._values(line.key)
        places = thin(self._times, values)
        self._data.append({
            "type": "scatter", "mode": "lines", "yaxis": axis, "name": line.name, "legend": legend,
            "x": [_ms(self._times[i]) for i in places],
            "y": [float(f"{values[i] * line.factor:.6g}") for i in places],
            "line": {
                "simplify": False, "color": line.colour, "width": line.width, "dash": line.dash,
                "shape": "hv" if line.steps else "linear",
            },
            "hovertemplate": f"{line.name} %{{y:.4~g}} {words.safe(unit)}<extra></extra>",
        })  # fmt: skip

    def _signs(self) -> list[tuple[float, float, str]]:
        """What lamp and sounder told, from when to when."""
        signs = list(getattr(self._result, "signs", []))
        ends = [*(at for at, _ in signs), self._end_s][1:]
        return [(at, end, text) for (at, text), end in zip(signs, ends, strict=True)]

    def _add_bands(self, span: tuple[float, float], inside: int) -> None:
        signs = self._signs()
        names = (["lamp, sound"] if signs else []) + ["trust", "delivery"]
        axis = self._add_axis(
            span, inside, "<b>States</b>", type="category", categoryarray=names,
            categoryorder="array", range=[-0.5, len(names) - 0.5], showgrid=False,
        )  # fmt: skip
        lamps = [words.LAMP_COLOURS.get(text.split(",")[0], words.PLAIN) for _, _, text in signs]
        if signs:
            self._add_bars(axis, [("lamp, sound", *sign) for sign in signs], lamps, label=False)
        ends = [*(state[0] for state in self._result.states), self._end_s][1:]
        for row, place, colours in (("delivery", 1, words.DELIVERY_COLOURS), ("trust", 2, words.TRUST_COLOURS)):
            pieces: list[list[Any]] = []
            for state, end_s in zip(self._result.states, ends, strict=True):
                name = str(state[place])
                if pieces and pieces[-1][2] == name:
                    pieces[-1][1] = end_s
                else:
                    pieces.append([state[0], end_s, name])
            known = [colours.get(name.lower(), words.PLAIN) for _, _, name in pieces]
            self._add_bars(axis, [(row, start, end, name) for start, end, name in pieces], known, label=True)

    def _add_alarms(self, codes: list[str], span: tuple[float, float], inside: int) -> None:
        names = [_folded(code) for code in codes]
        axis = self._add_axis(
            span, inside, "<b>Alarms</b>", type="category", categoryarray=names[::-1], categoryorder="array",
            range=[-0.5, len(codes) - 0.5], gridcolor="#f2f4f6",
        )  # fmt: skip
        bars = []
        colours = []
        for alarm in self._result.alarms:
            end_s = alarm.get("end_s")
            text = f"{alarm['priority']} · {alarm['code']}" + (" · still on" if end_s is None else "")
            bars.append((str(alarm["code"]), alarm["time_s"], self._end_s if end_s is None else end_s, text))
            colours.append(words.PRIORITY_COLOURS.get(str(alarm["priority"]).lower(), words.PLAIN))
        self._add_bars(axis, bars, colours, label=False)

    def _add_bars(self, axis: str, bars: list[tuple], colours: list[str], *, label: bool) -> None:
        # An edge of the same colour keeps a bar of a few seconds visible; a white one parts neighbours.
        wide = [label and (end - start) / self._end_s * _PLOT_WIDTH > 6 for _, start, end, _ in bars]
        edges = ["#fff" if is_wide else colour for is_wide, colour in zip(wide, colours, strict=True)]
        self._data.append({
            "type": "bar", "orientation": "h", "yaxis": axis, "showlegend": False, "width": 0.72,
            "y": [_folded(row) for row, *_ in bars],
            "base": [_ms(start) for _, start, _, _ in bars],
            "x": [max(0, round((end - start) * 1000)) for _, start, end, _ in bars],
            "text": [
                words.safe(name) if label and self._fits(name, end - start) else "" for _, start, end, name in bars
            ],
            "textposition": "inside" if label else "none", "constraintext": "none",
            "insidetextanchor": "middle", "textangle": 0, "textfont": {"color": "#fff", "size": 12},
            "customdata": [
                f"{words.safe(name)}<br>{words.clock(start)} to {words.clock(end)}" for _, start, end, name in bars
            ],
            "marker": {"color": colours, "line": {"color": edges, "width": 1}},
            "hovertemplate": "%{customdata}<extra></extra>",
        })  # fmt: skip

    def _fits(self, name: str, lasts_s: float) -> bool:
        return lasts_s / self._end_s * _PLOT_WIDTH > 7.2 * len(name) + 6

    def _place_disturbances(self) -> tuple[list[tuple[float, str, int, bool]], int]:
        """Who stands in which lane, and the room all need. A label that another's text would run into goes
        one lane down, so that a line never crosses a text."""
        px_per_s = _PLOT_WIDTH / self._end_s
        placed: list[tuple[float, float, int]] = []
        labels = []
        for at_s, text in sorted(self._result.disturbances, key=lambda item: item[0]):
            shown = str(text) if len(str(text)) <= 46 else str(text)[:45] + "…"
            x, width = at_s * px_per_s, 6.6 * len(shown) + 12
            leftward = x + width > _PLOT_WIDTH
            start = x - width if leftward else x
            lane = max([used + 1 for begin, end, used in placed if begin <= x <= end or start <= begin <= x], default=0)
            lane %= _MOST_LANES
            placed.append((start, start + width, lane))
            labels.append((at_s, shown, lane, leftward))
        lanes = max((lane for *_, lane, _ in labels), default=-1) + 1
        return labels, 34 + lanes * _LANE

    def _add_disturbances(self, labels: list[tuple[float, str, int, bool]], inside: int) -> None:
        lanes = max((lane for *_, lane, _ in labels), default=0)
        for at_s, text, lane, leftward in labels:
            lift = (lanes - lane) * _LANE + 30
            self._shapes.append({
                "type": "line", "xref": "x", "yref": "paper", "x0": _ms(at_s), "x1": _ms(at_s),
                "y0": 0, "y1": 1 + lift / inside, "line": {"color": "#9aa5b1", "width": 1, "dash": "2px,2px"},
                "layer": "below",
            })  # fmt: skip
            self._notes.append({
                "xref": "x", "yref": "paper", "x": _ms(at_s), "y": 1, "yshift": lift, "showarrow": False,
                "xanchor": "right" if leftward else "left", "yanchor": "middle", "text": words.safe(text),
                "font": {"size": 12, "color": "#3d4a57"}, "bgcolor": "rgba(255,255,255,0.85)",
                "xshift": -3 if leftward else 3, "borderpad": 0,
            })  # fmt: skip

    def _close(self, head: int, inside: int) -> None:
        stamp = "%H:%M" if self._end_s < 86_400 else "day %-j %H:%M"
        self._layout.update({
            "height": head + inside + _BOTTOM, "margin": {"l": _LEFT, "r": _RIGHT, "t": head, "b": _BOTTOM, "pad": 4},
            "font": {"family": _FONT, "size": 13, "color": _INK}, "paper_bgcolor": "#fff", "plot_bgcolor": "#fff",
            "hovermode": "x unified", "hoverlabel": {"font": {"size": 12}}, "barmode": "overlay", "bargap": 0.2,
            "modebar": {"orientation": "v", "color": "#b4bdc6", "activecolor": _INK}, "dragmode": "zoom",
            "shapes": self._shapes, "annotations": self._notes,
            "xaxis": {
                "type": "date", "range": [_ms(0), _ms(self._end_s)], "anchor": "y" + str(self._axis) * (self._axis > 1),
                "gridcolor": _GRID, "linecolor": _FAINT, "ticks": "outside", "tickcolor": _FAINT, "tickformat": stamp,
                "tickformatstops": [
                    {"dtickrange": [None, 60_000], "value": "%H:%M:%S"}, {"dtickrange": [60_000, None], "value": stamp},
                ],
                "hoverformat": "%H:%M:%S" if self._end_s < 86_400 else "day %-j %H:%M:%S",
                "title": {"text": "run time, h:min", "font": {"size": 12, "color": _FAINT}, "standoff": 8},
                "showspikes": True, "spikemode": "across", "spikethickness": 1, "spikedash": "dot",
                "spikecolor": _FAINT, "spikesnap": "cursor",
            },
        })  # fmt: skip


def _ms(seconds: float) -> int:
    return _DAY_1_MS + round(seconds * 1000)


def _folded(text: str, room: int = 28) -> str:
    """A label in lines of about `room` letters."""
    return "<br>".join(words.safe(line) for line in textwrap.wrap(text, room)) or "–"
