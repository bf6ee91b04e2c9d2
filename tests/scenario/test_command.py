"""`kvo scenario` as a person meets it."""

import json

import pytest

from simulator.scenario import monitors
from simulator.scenario.template import SCHEMA_NAME
from tests.command import kvo

SHORT = """\
kvo: scenario/1
name: short
title: A minute of saline
programme: insulin-slow
duration: 40 s
timeline:
  - {at: 20 s, do: press, key: pause, note: somebody pauses it}
faults:
  - {at: 5 s, fault: link_lost, for: 10 s}
properties:
  - {name: runs, kind: safety, says: it begins, formula: 'eventually[0, 10 s] running'}
  - {name: goes-on, kind: safety, says: it goes on, from: 10 s, formula: always (rate > 0.05 mL/h)}
"""


@pytest.fixture
def short(tmp_path):
    path = tmp_path / "short.yaml"
    path.write_text(SHORT, encoding="utf-8")
    return path


def test_a_new_one_passes_its_check(tmp_path):
    done = kvo("scenario", "new", "first", "--in", tmp_path / "suite")
    assert done.exit_code == 0 and "kvo scenario run" in done.output
    checked = kvo("scenario", "check", tmp_path / "suite" / "first.yaml")
    assert checked.exit_code == 0 and "good, 0:10:00, properties: 3 safety" in checked.output
    schema = json.loads((tmp_path / "suite" / SCHEMA_NAME).read_text(encoding="utf-8"))
    assert schema["$id"] == "kvo:scenario/1"
    again = kvo("scenario", "new", "first", "--in", tmp_path / "suite")
    assert again.exit_code == 2 and "is there already" in again.output


def test_a_name_that_cannot_be_is_refused(tmp_path):
    done = kvo("scenario", "new", "../evil", "--in", tmp_path)
    assert done.exit_code == 2 and "small letters" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = kvo("scenario", "new", "first", "--in", tmp_path / "file" / "deeper")
    assert done.exit_code == 2 and "cannot be written" in done.output


def test_check_tells_every_bad_one(tmp_path, short):
    bad = tmp_path / "bad.yaml"
    bad.write_text(SHORT.replace("running'", "runing'"), encoding="utf-8")
    done = kvo("scenario", "check", bad, short, tmp_path / "none.yaml")
    assert done.exit_code == 2
    assert f"{bad}:11: there is no signal 'runing'; did you mean 'running'?" in done.output
    assert f"{short}: good" in done.output and "no such file" in done.output


def test_show_draws_the_story_and_writes_a_page(tmp_path, short):
    page = tmp_path / "page.html"
    done = kvo("scenario", "show", short, "--report", page)
    assert done.exit_code == 0
    lines = done.output.splitlines()
    axis = next(line for line in lines if line.strip().startswith("|"))
    people = next(line for line in lines if line.startswith("people "))
    faults = next(line for line in lines if line.startswith("faults "))
    middle = (axis.index("|") + axis.rindex("|")) // 2
    assert abs(people.index("b") - middle) <= 1
    assert faults.removeprefix("faults").strip() == "a" + "=" * faults.count("=") and faults.count("=") > 10
    assert "  b  0:00:20  people     somebody pauses it" in lines
    assert "  a  0:00:05  faults     link lost to 0:00:15" in lines
    text = page.read_text(encoding="utf-8")
    assert "somebody pauses it" in text and "always (rate &gt; 0.05 mL/h)" in text and "<script" not in text


def test_run_tells_margins_and_ends_with_1_where_one_fails(tmp_path, short):
    page, figures = tmp_path / "page.html", tmp_path / "run.json"
    done = kvo("scenario", "run", short, "--report", page, "--json", figures)
    assert done.exit_code == 1
    assert "  holds  safety    runs: margin +1" in done.output
    assert "  FAILS  safety    goes-on: margin -0.05 mL/h, worst at 0:00:" in done.output
    assert "(rate 0 mL/h)" in done.output
    assert "short: 1 of 2 properties fail" in done.output
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["holds"] is False and found["scenario"] == "short" and "trust" in found["trace_sha256"]
    failing = found["properties"][1]
    assert failing.keys() == {"name", "kind", "holds", "margin", "unit", "worst_s", "values", "idle", "formula"}
    assert (failing["margin"], failing["unit"], failing["values"]) == (-0.05, "mL/h", {"rate": 0.0})
    assert "fails" in page.read_text(encoding="utf-8")


def test_a_run_that_holds_ends_with_0(tmp_path, short):
    text = SHORT.replace("from: 10 s, formula: always", "formula: eventually")
    short.write_text(text, encoding="utf-8")
    assert kvo("scenario", "run", short).exit_code == 0


def test_a_margin_of_0_fails_and_says_so(short):
    short.write_text(SHORT.replace("always (rate > 0.05 mL/h)", "always (alarms_high <= 0)"), encoding="utf-8")
    done = kvo("scenario", "run", short)
    assert done.exit_code == 1 and "0 decides nothing: leave room" in done.output


def test_without_the_monitors_the_remedy_is_told_before_the_run(short, monkeypatch):
    def missing():
        raise monitors.MonitorUnavailable("pip install 'kvo[stl]'")

    monkeypatch.setattr(monitors, "_rtamt", missing)
    done = kvo("scenario", "run", short)
    assert done.exit_code == 2 and done.output.strip().endswith("pip install 'kvo[stl]'")
    assert kvo("scenario", "check", short).exit_code == 0


def test_a_page_that_cannot_be_written_is_told(tmp_path, short):
    done = kvo("scenario", "show", short, "--report", tmp_path / "short.yaml" / "x.html")
    assert done.exit_code == 2 and "cannot be written" in done.output


def test_signals_verbs_and_shipped_ones_are_listed():
    signals = kvo("scenario", "signals").output
    assert "pressure " in signals and "mmHg" in signals and "alarm_occlusion_down" in signals
    verbs = kvo("scenario", "verbs").output
    assert "occlude_downstream" in verbs and "replay" in verbs and "on-path" in verbs
    assert "replayed-titration" in kvo("scenario", "list").output


VERB = """\
from simulator.scenario.actions import Action, Count, action

@action
class Shout(Action):
    \"\"\"Sends a message of zeros.\"\"\"

    verb = "shout"
    size: Count = 10

    def act(self, stage):
        stage.world.board.link.deliver(bytes(self.size))
"""


def test_a_suite_brings_its_own_verbs(tmp_path, short):
    from simulator.scenario.actions import ACTIONS

    text = SHORT.replace("duration: 40 s", "duration: 70 s").replace(
        "faults:", "  - {at: 65 s, do: shout, size: 3}\nfaults:"
    )
    text = text.replace("kind: safety, says: it begins", "kind: security, says: it begins")
    short.write_text(text + "attack: {positions: [network], control: none, property: runs}\n", encoding="utf-8")
    assert "'shout' is not known here" in kvo("scenario", "check", short).output
    verbs = tmp_path / "verbs.py"
    verbs.write_text(VERB, encoding="utf-8")
    try:
        assert kvo("scenario", "check", short, "--with", verbs).exit_code == 0
        done = kvo("scenario", "run", short, "--with", verbs)
        assert "world: shout" in done.output and "pump: trust suspect" in done.output
        assert "shout" in kvo("scenario", "schema", "--with", verbs).output
    finally:
        ACTIONS.pop("shout", None)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('verb = "shout"', 'verb = "link_down"', "there is a verb 'link_down' already"),
        ('verb = "shout"', 'verb = "Shout"', "set verb to small letters"),
        ('verb = "shout"', 'verb = "shout"\n    position = "moon"', "there is no position 'moon'"),
        ("import Action, Count", "import Akshun, Count", "ImportError"),
        ("class Shout", "class Shout Shout", ":4: SyntaxError"),
    ],
)
def test_verbs_that_cannot_be_are_one_clear_line(old, new, says, tmp_path, short):
    verbs = tmp_path / "verbs.py"
    verbs.write_text(VERB.replace(old, new), encoding="utf-8")
    done = kvo("scenario", "check", short, "--with", verbs)
    assert done.exit_code == 2 and says in done.output and len(done.output.strip().splitlines()) == 1
