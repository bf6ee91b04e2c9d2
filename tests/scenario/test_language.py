"""A scenario file is taken, or refused in one line with the place and the remedy."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.files.scenario import find_scenario, load_scenario, shipped_scenarios
from simulator.files.yaml_source import FileProblem
from simulator.scenario.template import template

GOOD = """\
kvo: scenario/1
name: an-attack
title: An attack
programme: norepinephrine-8h
people:
  nurse: {number: 7, role: nurse}
duration: 5 min
timeline:
  - {at: 2 min, do: ask, who: nurse, request: status}
  - {at: 3 min, do: forge, who: nurse, dose: 0.3 ug/kg/min, flaw: no_mac}
properties:
  - {name: refused, kind: security, says: it is refused, formula: always (hostile_accepted < 1)}
attack: {positions: [network], control: request-mac, property: refused}
"""
SCRIPTED = """\
kvo: scenario/1
name: calm
title: Nothing much
programme: fluid-bolus
duration: 1 min
properties:
  - {name: runs, kind: safety, says: it runs, formula: eventually running}
"""

# what is replaced, by what; the line that is told; words of the message
BAD = [
    ("kvo: scenario/1", "kvo: scenario/2", 1, "write 'kvo: scenario/1'"),
    ("name: an-attack", "name: An attack", 2, "not of the right form; write it such as dose-holds"),
    ("programme: norepinephrine-8h", "programme: norepinefrine-8h", 4, "did you mean 'norepinephrine-8h'?"),
    ("programme: norepinephrine-8h", "programme: {use: norepinephrine-8h, duration: 1 h}", 4, "itself has 'duration'"),
    ("programme: norepinephrine-8h", "programme: {use: norepinephrine-8h, therapy: {dose_rate: 9 ug/kg/min}}", 4,
     "is past the hard limit"),
    ("programme: norepinephrine-8h", "programme: 7", 4, "a name or a mapping is expected"),
    ("number: 7", "number: 0", 6, "write at least 1"),
    ("role: nurse", "role: medic", 6, "is not known here"),
    ("role: nurse}", "role: nurse, pin: '04'}", 6, "in quotes"),
    ("duration: 5 min", "duration: 25 min", 7, "an attack lasts at most 20 min"),
    ("duration: 5 min", "duration: 2 min", 10, "this is after the end of the run"),
    ("at: 2 min", "at: 4 min", 10, "the timeline goes backwards"),
    ("do: ask", "do: aks", 9, "did you mean 'ask'?"),
    ("who: nurse, request", "who: nruse, request", 9, "nobody is called 'nruse'; did you mean 'nurse'?"),
    ("request: status", "request: titrate", 9, "a titration needs 'dose'"),
    ("request: status", "request: status, dose: 0.1 ug/kg/min", 9, "status takes no 'dose'"),
    ("request: status", "request: statsu", 9, "did you mean 'status'?"),
    ("0.3 ug/kg/min", "3 mg/h", 10, "which is dosed in ug/kg/min"),
    ("0.3 ug/kg/min", "a lot", 10, ";"),
    ("flaw: no_mac", "flaw: no_max", 10, "did you mean 'no_mac'?"),
    ("flaw: no_mac", "flaws: no_mac", 10, "did you mean 'flaw'?"),
    ("do: forge, who: nurse, dose: 0.3 ug/kg/min, flaw: no_mac", "do: hostile, count: 3", 10, "judges for itself"),
    ("at: 2 min, do: ask, who: nurse, request: status", "at: 30 s, do: flood", 8, "before the infusion is under way"),
    ("flaw: no_mac", "flaw: none", 13, "forge takes the position stolen-shift-key; add it to 'positions'"),
    ("flaw: no_mac", "flaw: changed", 13, "takes the position on-path"),
    ("property: refused", "property: refuses", 13, "there is no security property 'refuses'"),
    ("kind: security", "kind: safety", 13, "there is no security property 'refused'"),
    ("positions: [network]", "positions: [netwrok]", 13, "did you mean 'network'?"),
    ("attack: {positions: [network], control: request-mac, property: refused}\n", "", 8, "add 'attack:' with"),
    ("hostile_accepted < 1", "hostil_accepted < 1", 12, "did you mean 'hostile_accepted'?"),
    ("hostile_accepted < 1", "hostile_accepted < 1 mL", 12, "compared with what is in no unit"),
    ("always (hostile_accepted < 1)", "'always[0, 5 min] (hostile_accepted < 1)'", 12,
     "the formula looks 300 s ahead, and 300 s are judged; shorten it"),
    ("always (hostile_accepted < 1)", "running or not running", 12, "whatever the signals are, this holds"),
    ("always (hostile_accepted < 1)", "always (effect < 1)", 12, "no effect is published for norepinephrine"),
    ("formula: always", "from: 5 min, formula: always", 12, "'from' is no whole second of the run"),
    ("attack: {", "operator: physician\nattack: {", 13, "nobody is called 'physician'"),
    ("attack: {", "seeds: []\nattack: {", 13, "write at least one item"),
    ("attack: {", "references: {cve: [2016-5085]}\nattack: {", 13, "write it such as CVE-2016-5085"),
    ("attack: {", "faults:\n  - {at: 1 min, fault: link_los}\nattack: {", 14, "did you mean 'link_lost'?"),
    ("attack: {", "faults: [{at: 9 min, fault: link_lost}]\nattack: {", 13, "this is after the end of the run"),
    ("properties:\n", "properties:\n  - {name: refused, kind: safety, says: x, formula: always running}\n", 13,
     "there is a property 'refused' already"),
]  # fmt: skip


def laid(folder: Path, text: str) -> Path:
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("old", "new", "line", "says"), BAD, ids=[f"{row[1][:40]}-{row[2]}" for row in BAD])
def test_a_bad_scenario_is_one_clear_line(old, new, line, says, tmp_path):
    assert GOOD.count(old) == 1
    path = laid(tmp_path, GOOD.replace(old, new))
    with pytest.raises(FileProblem) as refused:
        load_scenario(path)
    assert says in str(refused.value)
    assert (refused.value.path, refused.value.line) == (str(path), line)


@pytest.mark.parametrize(
    ("signal", "says"),
    [("accepted < 1", "of a pump with credentials"), ("dose_shift < 1 mL", "of a scenario with an adversary"),
     ("concentration < 1 ug/L", "no concentration is")],
)  # fmt: skip
def test_a_signal_that_this_run_has_not_is_refused(signal, says, tmp_path):
    with pytest.raises(FileProblem, match=says):
        load_scenario(laid(tmp_path, SCRIPTED.replace("eventually running", f"always ({signal})")))


def test_a_verb_of_people_needs_people(tmp_path):
    text = SCRIPTED.replace("properties:", "timeline: [{at: 2 s, do: log_in, who: nurse}]\nproperties:")
    with pytest.raises(FileProblem, match="log_in needs a pump with credentials; add 'people:'"):
        load_scenario(laid(tmp_path, text))


def test_good_ones_are_taken(tmp_path):
    attack = load_scenario(laid(tmp_path, GOOD))
    assert attack.operator == "nurse" and [step.line for step in attack.steps] == [9, 10]
    assert attack.attack.control == "request-mac" and attack.signals == ["hostile_accepted"]
    calm = load_scenario(laid(tmp_path, SCRIPTED))
    assert calm.operator is None and calm.people == {} and calm.seeds == (0,) and calm.homes == ("cpython",)


def test_of_the_programmes_own_story_nothing_happens(tmp_path):
    text = SCRIPTED.replace("fluid-bolus", "norepinephrine-8h").replace("duration: 1 min", "duration: 6 h")
    assert load_scenario(laid(tmp_path, text)).programme.events == ()


def test_a_programme_may_be_changed_key_by_key(tmp_path):
    text = GOOD.replace("programme: norepinephrine-8h", "programme: {use: norepinephrine-8h, therapy: {vtbi: 40 mL}}")
    programme = load_scenario(laid(tmp_path, text)).programme
    assert programme.therapy.vtbi == 40_000 and str(programme.therapy.dose_rate) == "0.1 ug/kg/min"


def test_a_therapy_of_another_mode_is_taken_whole(tmp_path):
    given = "{use: norepinephrine-8h, therapy: {mode: steps, drug: norepinephrine, care_area: icu, steps: [STEP]}}"
    given = given.replace("STEP", "{dose_rate: 0.1 ug/kg/min, time: 1 h}")
    programme = load_scenario(laid(tmp_path, GOOD.replace("norepinephrine-8h", given))).programme
    assert programme.therapy.mode == "steps"


def test_a_programme_may_be_a_file_beside_it_with_its_own_library(tmp_path):
    from simulator.files.programme import LIBRARIES, PROGRAMMES

    deeper = tmp_path / "programmes"
    deeper.mkdir()
    own = (PROGRAMMES / "norepinephrine-8h.yaml").read_text(encoding="utf-8")
    (deeper / "own.yaml").write_text(own.replace("library: icu", "library: lib.yaml"), encoding="utf-8")
    library = (LIBRARIES / "icu.yaml").read_text(encoding="utf-8")
    (deeper / "lib.yaml").write_text(library.replace("name: ", "name: Ours, ", 1), encoding="utf-8")
    programme = load_scenario(laid(tmp_path, GOOD.replace("norepinephrine-8h", "programmes/own.yaml"))).programme
    assert programme.library.name.startswith("Ours, ")


def test_a_programme_may_be_written_out(tmp_path):
    inline = """programme:
  library: ward
  head: volumetric
  reservoir: 500 mL
  therapy: {drug: sodium chloride 0.9%, care_area: ward, mode: continuous, dose_rate: 100 mL/h, vtbi: 200 mL}
"""
    scenario = load_scenario(laid(tmp_path, SCRIPTED.replace("programme: fluid-bolus\n", inline)))
    assert scenario.programme.name == "calm"
    inline = inline.replace("ward, mode", "wrad, mode")
    with pytest.raises(FileProblem) as refused:
        load_scenario(laid(tmp_path, SCRIPTED.replace("programme: fluid-bolus\n", inline)))
    assert refused.value.line == 8 and "wrad" in str(refused.value)


def test_the_template_is_good(tmp_path):
    scenario = load_scenario(laid(tmp_path, template("first-try")))
    assert scenario.name == "first-try" and len(scenario.properties) == 3


def test_a_shipped_one_is_found_by_name():
    assert find_scenario("flood") == shipped_scenarios()["flood"]
    with pytest.raises(FileProblem, match="did you mean 'flood'"):
        find_scenario("flod")
    with pytest.raises(FileProblem):
        find_scenario("x" * 5000)


LINES = GOOD.splitlines()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, len(LINES) - 1), st.sampled_from(["", "- x", "{}", "[]", "kvo: [", "a: {b: c}", "  d: 1", "\t"]))
def test_whatever_a_line_is_made_there_is_an_answer(tmp_path, place, line):
    changed = [*LINES]
    changed[place] = line
    other = [*LINES]
    other[place] = LINES[place].split(":")[0] + ": " + (line or "7")
    for lines in (changed, other):
        try:
            load_scenario(laid(tmp_path, "\n".join(lines)))
        except FileProblem as problem:
            assert str(problem).isprintable() and problem.line >= 1
