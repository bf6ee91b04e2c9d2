"""The `vary:` list: what it lets vary, what it refuses, what is assumed without it, and that the schema takes it."""

import pytest

from simulator.falsify.candidates import Candidates
from simulator.files.scenario import find_scenario, load_scenario
from simulator.files.schema import scenario_schema
from simulator.files.vary import Freedom, assumed_freedoms
from simulator.files.yaml_source import FileProblem
from tests.scenario.test_schema import data

jsonschema = pytest.importorskip("jsonschema")

TEXT = """\
kvo: scenario/1
name: varied
title: Several things that may vary
programme: norepinephrine-8h
people:
  nurse: {number: 7, role: nurse}
duration: 5 min
timeline:
  - {at: 1 min, do: forge, who: nurse, dose: 0.3 ug/kg/min, flaw: expired}
  - {at: 2 min, do: forge, who: nurse, dose: 0.3 ug/kg/min}
  - {at: 3 min, do: flood, messages: 50, for: 10 s}
  - {at: 4 min, do: press, key: confirm}
faults:
  - {at: 2 min, fault: down_pressure_offset, by: -20 mmHg, for: 1 min}
properties:
  - {name: refused, kind: security, says: none is taken, formula: always (hostile_accepted < 1)}
attack: {positions: [stolen-shift-key], control: request-mac, property: refused}
"""
GOOD = """\
vary:
  - {do: forge, nth: 2, at: [1 min 30 s, 2 min 45 s], dose: [0.2 ug/kg/min, 0.5 ug/kg/min]}
  - {do: forge, nth: 1, flaw: [expired, old_shift, no_mac], count: [1, 4]}
  - {do: press, at: [1 min, 4 min 30 s]}
  - {fault: down_pressure_offset, by: [-60 mmHg, 40 mmHg], for: [10 s, 2 min]}
"""


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "varied.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_each_key_has_a_range_or_choices(write):
    found = Candidates(write(TEXT + GOOD))
    spans = {one.label: (one.written(one.low), one.written(one.own), one.written(one.high)) for one in found.freedoms}
    assert found.is_said and spans == {
        "forge 2 at": ("1 min 30 s", "2 min", "2 min 45 s"),
        "forge 2 dose": ("0.2 ug/kg/min", "0.3 ug/kg/min", "0.5 ug/kg/min"),
        "forge 1 flaw": ("expired", "expired", "no_mac"),
        "forge 1 count": (1, 1, 4),
        "press at": ("1 min", "4 min", "4 min 30 s"),
        "down_pressure_offset by": ("-60 mmHg", "-20 mmHg", "40 mmHg"),
        "down_pressure_offset for": ("10 s", "1 min", "2 min"),
    }


def test_a_candidate_is_a_file_in_order_of_time(write):
    found = Candidates(write(TEXT + GOOD), seed=4)
    values = found.own_values | {"press at": 60_100, "forge 2 dose": 457, "forge 1 flaw": 1}
    scenario = found.scenario(values)
    assert [event.at_ms for event in scenario.programme.events] == [60_100] and scenario.seeds == (4,)
    assert [step.action.at for step in scenario.steps] == [60_000, 120_000, 180_000]
    assert (scenario.steps[0].action.flaw, scenario.steps[1].action.dose.milli) == ("old_shift", 457)
    text = found.text(values)
    assert "  - {at: 1 min 100 ms, do: press, key: confirm}\n" in text and "vary:" not in text
    original = load_scenario(write(TEXT + GOOD))
    assert scenario.people == original.people and scenario.name == "varied-worst"


def test_what_lies_beside_the_file_is_found_from_elsewhere(write, tmp_path):
    shipped = (find_scenario("flood").parents[1] / "programmes" / "norepinephrine-8h.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(
        shipped.replace("../libraries", str(find_scenario("flood").parents[1] / "libraries")), encoding="utf-8"
    )
    found = Candidates(write(TEXT.replace("norepinephrine-8h", "mine.yaml")))
    elsewhere = tmp_path / "out"
    elsewhere.mkdir()
    for programme, line in (("mine.yaml", "programme: "), ("{use: mine.yaml}", "programme: {use: ")):
        found = Candidates(write(TEXT.replace("norepinephrine-8h", programme)))
        assert f"{line}mine.yaml" in found.text(found.own_values)
        (elsewhere / "worst.yaml").write_text(found.text(found.own_values, elsewhere), encoding="utf-8")
        assert load_scenario(elsewhere / "worst.yaml").programme.drug.name == "norepinephrine"


def test_without_a_list_the_adversary_varies(write):
    found = Candidates(write(TEXT))
    spans = {one.label: (one.low, one.high) for one in found.freedoms}
    assert not found.is_said and spans == {
        "forge 1 at": (60_000, 90_000),
        "forge 1 count": (1, 10),
        "forge 2 at": (60_000, 180_000),
        "forge 2 count": (1, 10),
        "flood at": (90_000, 270_000),
        "flood messages": (25, 100),
        "flood for": (5_000, 20_000),
    }


def test_a_scripted_adversary_of_the_world_varies_too():
    scenario = load_scenario(find_scenario("compromise-pca"))
    items = [{"at": "4 min", "do": "compromised"}, {"at": "5 min", "do": "press"}]
    assert [scenario.is_hostile(item, place) for place, item in enumerate(items)] == [True, False]
    [one] = assumed_freedoms({"duration": "15 min", "timeline": items}, [0])
    assert one == Freedom("compromised at", ("timeline", 0, "at"), 120_000, 360_000, 240_000, "ms")


def test_where_nothing_may_vary_that_is_said():
    with pytest.raises(FileProblem, match=r"nothing in this scenario may vary.*add 'vary:'"):
        Candidates(find_scenario("occlusion-norepinephrine"))


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ("{do: replay, at: [1 min, 2 min]}", "'replay' is not in this scenario's timeline"),
        ("{do: forg, at: [1 min, 2 min]}", "did you mean 'forge'"),
        ("{at: [1 min, 2 min]}", "names one thing that varies"),
        ("forge", "a mapping is expected"),
        ("{do: forge}", "nothing is said to vary"),
        ("{do: forge, nth: 3, at: [1 min, 2 min]}", "there is no '3'th forge here; write 1 to 2"),
        ("{do: forge, who: [nurse, nurse]}", "'who' cannot vary"),
        ("{do: press, count: [1, 2]}", "the press that varies has no 'count'"),
        ("{do: flood, at: 3 min}", "two ends or a list of choices"),
        ("{do: flood, at: [4 min, 5 min]}", "'3 min', which the file has, is not in the range"),
        ("{do: flood, at: [4 min, 2 min]}", "write the smaller end first"),
        ("{do: flood, at: [2 min, 7 min]}", "after the end of the run"),
        ("{do: flood, at: [2 min 10 ms, 4 min]}", "finer than a tick"),
        ("{do: flood, messages: [1 s, 2 s]}", "of different kinds"),
        ("{do: forge, nth: 2, dose: [0.2 ug/kg/min, 1 mL/h]}", "of different kinds"),
        ("{do: forge, nth: 2, dose: [0.2001 ug/kg/min, 1 ug/kg/min]}", "at most 3 digits"),
        ("{do: forge, nth: 1, flaw: [no_mac, changed]}", "'expired', which the file has, is not among"),
        ("{do: flood, at: [2 min, 4 min]}\n  - {do: flood, at: [2 min, 4 min]}", "flood at varies already"),
    ],
)
def test_what_cannot_be_is_refused_on_its_line(item, says, write):
    with pytest.raises(FileProblem) as refused:
        load_scenario(write(f"{TEXT}vary:\n  - {item}\n"))
    assert says in str(refused.value) and refused.value.line >= 18


def test_an_end_that_the_scenario_cannot_have_is_refused_before_the_search(write):
    with pytest.raises(FileProblem, match="flood at cannot be 30 s: flood strikes before the infusion"):
        Candidates(write(TEXT + "vary:\n  - {do: flood, at: [30 s, 4 min]}\n"))


def test_the_schema_takes_it_and_marks_what_ought_to_be():
    schema = jsonschema.Draft202012Validator(scenario_schema())
    assert [error.message for error in schema.iter_errors(data(TEXT + GOOD))] == []
    for bad in ("{do: forge, at: 2 min}", "{do: forg, at: [1 min, 2 min]}", "{do: press, count: [1, 2]}"):
        assert list(schema.iter_errors(data(f"{TEXT}vary:\n  - {bad}\n"))), bad
