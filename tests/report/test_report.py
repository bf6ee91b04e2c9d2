"""The report: complete, offline, and deaf to scripts in names."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from simulator.report import ReportUnavailable, words, write
from simulator.report.figures import accuracy_page
from simulator.report.thin import thin
from simulator.report.timeline import Timeline

from .example import Example, eight_hours

BAD = "<script>alert('x')</script>&\"</title>"


class Tags(HTMLParser):
    """Every tag with its attributes, the text of scripts apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.text += data + "\n"


@pytest.fixture(scope="module")
def run() -> Example:
    return eight_hours(step_s=10)


@pytest.fixture(scope="module")
def written(run: Example, tmp_path_factory: pytest.TempPathFactory) -> str:
    target = write(run, tmp_path_factory.mktemp("report") / "deep" / "run.html")
    return target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tags(written: str) -> Tags:
    return Tags(written)


def test_says_what_ran(tags: Tags, run: Example) -> None:
    for text in (run.title, run.scenario, "seed 7", *run.trace_sha256.values(), "52.31 mL", "−0.36 %", "still on"):
        assert text in tags.text
    for phase in run.phases:
        assert phase["name"] in tags.text
    for _, event in run.events:
        assert event in tags.text


def test_loads_nothing(written: str, tags: Tags) -> None:
    for tag, attributes in tags.tags:
        assert tag not in ("link", "iframe", "object", "embed", "img", "base", "form")
        assert not {"src", "href", "action", "srcset"} & set(attributes), (tag, attributes)
    style = written[written.index("<style>") : written.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_only_our_scripts_may_run(tags: Tags) -> None:
    policy = next(attrs["content"] for tag, attrs in tags.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    inside = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in tags.scripts}
    assert allowed == inside
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy


def test_a_name_is_never_a_script(tmp_path: Path) -> None:
    run = eight_hours(step_s=60)
    run.title = run.scenario = run.home = BAD
    run.units = {"plasma": BAD, "effect": BAD}
    run.trace_sha256 = {BAD: BAD}
    run.states[2] = (30.0, BAD, BAD)
    for alarm in run.alarms:
        alarm["code"] = BAD
    run.alarms[0]["priority"] = BAD
    run.disturbances = [(3600.0, BAD)]
    run.events = [(1.0, BAD)]
    run.phases[0]["name"] = BAD
    text = write(run, tmp_path / "run.html").read_text(encoding="utf-8")
    tags = Tags(text)
    assert len(tags.scripts) == 2
    assert "<script>alert" not in text
    assert BAD in tags.text  # shown as the text that it is
    figures = json.loads(re.match(r"const FIGURES = (.*?);\n", tags.scripts[1]).group(1))
    assert "<script" not in json.dumps(figures)


def test_timeline_shows_everything(run: Example) -> None:
    figure = Timeline(run).figure()
    names = {trace.get("name") for trace in figure["data"]}
    assert {"prescribed", "delivered", "downstream", "alarm limit", "plasma", "effect site"} <= names
    notes = {note["text"] for note in figure["layout"]["annotations"]}
    assert {text for _, text in run.disturbances} <= notes
    assert len(figure["layout"]["shapes"]) == len(run.disturbances)
    alarms = figure["data"][-1]
    assert alarms["marker"]["color"] == [words.PRIORITY_COLOURS[alarm["priority"]] for alarm in run.alarms]
    assert json.loads(words.script_json(figure))


def test_timeline_without_a_drug_model_has_no_empty_panel(run: Example) -> None:
    bare = eight_hours(step_s=60)
    bare.signals["plasma"] = bare.signals["effect"] = []
    bare.alarms = bare.disturbances = []
    figure = Timeline(bare).figure()
    assert not any("Drug" in note["text"] for note in figure["layout"]["annotations"])
    assert figure["height"] < Timeline(run).figure()["height"]


def test_an_empty_run_still_makes_a_page(tmp_path: Path) -> None:
    empty = Example(simulated_s=0.0, wall_s=0.0, prescribed_ml=0.0, delivered_ml=0.0, units={})
    text = Tags(write(empty, tmp_path / "run.html").read_text(encoding="utf-8")).text
    assert "None." in text


def test_disturbance_labels_do_not_run_into_each_other(run: Example) -> None:
    labels, _ = Timeline(run)._place_disturbances()
    lanes = {text: lane for _, text, lane, _ in labels}
    assert lanes["link lost"] == lanes["link back"] == 0
    assert len({lanes["line clamped"], lanes["clamp opened"], lanes["nurse restarts"]}) == 3


def test_without_plotly_the_remedy_is_named(run: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(ReportUnavailable, match=r"pip install 'kvo\[report\]'"):
        write(run, tmp_path / "run.html")
    assert not (tmp_path / "run.html").exists()


def test_thinning_keeps_bends_and_peaks() -> None:
    times = [float(t) for t in range(10_000)]
    step = [0.0] * 5000 + [5.0] * 5000
    spiky = [float(t % 7) for t in range(10_000)]
    spiky[4321] = 99.0
    assert thin(times, step, samples=1) == [0, 4999, 5000, 9999]
    assert len(thin(times, step)) < 800
    kept = thin(times, spiky, limit=500)
    assert 4321 in kept
    assert len(kept) < 1300
    assert thin([], []) == []
    assert thin([1.0], [2.0]) == [0]


@pytest.mark.parametrize("limit", [3000, 200])
def test_thinning_stays_within_its_tolerance(limit: int) -> None:
    run = eight_hours(step_s=10)
    times, values = run.signals["t_s"], run.signals["plasma"]
    kept = thin(times, values, limit=limit)
    band = 0.002 * (max(values) - min(values))
    for left, right in itertools.pairwise(kept):
        for i in range(left, right):
            share = (times[i] - times[left]) / (times[right] - times[left])
            assert abs(values[left] + share * (values[right] - values[left]) - values[i]) <= band * (
                1 if limit > 999 else 30
            )


def test_accuracy_page(tmp_path: Path) -> None:
    curve = {
        "startup": [(0.0, 0.0), (0.5, 0.6), (1.0, 1.0)],
        "trumpet": [(2, 4.5, -4.1), (31, 0.8, 0.1)],
        "overall_pct": 0.4,
        "rate_ml_h": 1.0,
    }
    text = accuracy_page({BAD: curve, "syringe at 1 mL/h": curve}, tmp_path / "acc.html").read_text(encoding="utf-8")
    tags = Tags(text)
    assert len(tags.scripts) == 2
    assert "−4.10 … +4.50" in tags.text
    assert {"startup0", "trumpet0", "startup1", "trumpet1"} <= {attrs.get("id") for _, attrs in tags.tags}


def test_words() -> None:
    assert words.clock(28_800) == "8:00:00"
    assert words.clock(90_061) == "1 d 1:01:01"
    assert words.signed(-0.001) == "0.00"
    assert words.signed(None) == "–"
    assert words.number(float("nan")) == "–"


def test_no_time_reads_as_a_year(run: Example) -> None:
    """Plotly takes the numbers 1000 to 9999 for years: the second second of a run must not be the year 2000."""
    for trace in Timeline(run).figure()["data"]:
        assert min(trace.get("base") or trace["x"]) > 10**11


def test_a_needle_does_not_flatten_the_rate() -> None:
    sharp = eight_hours(step_s=10)
    sharp.signals["delivered_ul_h"][2000] = 2_100_000.0  # drawn as its mean over a minute
    figure = Timeline(sharp).figure()
    assert figure["layout"]["yaxis"]["range"][1] < 20
    assert any(re.match(r"↑ 35\d mL/h", note["text"]) for note in figure["layout"]["annotations"])


def test_the_delivered_rate_is_averaged_over_a_pixels_worth_of_the_run():
    from simulator.report.timeline import _means, _window

    assert (_window(600), _window(28_800)) == (1, 60)
    assert _means([4.0, 0.0, 8.0, 4.0], 2) == [4.0, 2.0, 4.0, 6.0]
    assert _means([1.0, 2.0], 1) == [1.0, 2.0]


def test_lamp_and_sound_are_a_row_of_their_own(run: Example) -> None:
    told = eight_hours(step_s=60)
    told.signs = [(3610.0, "cyan, low melody"), (18_300.0, "red, high melody"), (18_400.0, "red, sound paused")]
    bars = [trace for trace in Timeline(told).figure()["data"] if trace.get("y") and trace["y"][0] == "lamp, sound"]
    [row] = bars
    assert row["marker"]["color"] == [words.LAMP_COLOURS[name] for name in ("cyan", "red", "red")]
    assert row["x"] == [14_690_000, 100_000, 10_400_000]
    assert "sound paused" in row["customdata"][2]
    without = Timeline(run).figure()["data"]
    assert not [trace for trace in without if trace.get("y") and trace["y"][0] == "lamp, sound"]
