"""The published schema takes what is shipped and refuses what an editor ought to mark; it is the code's."""

import json
from pathlib import Path

import pytest
import yaml

from simulator.files.faults import MAX_STRIKES
from simulator.files.programme import shipped_programmes
from simulator.files.scenario import shipped_scenarios
from simulator.files.schema import scenario_schema
from simulator.scenario.actions import ACTIONS
from simulator.scenario.template import template
from tests.scenario.test_language import GOOD
from tools import scenario_doc

jsonschema = pytest.importorskip("jsonschema")
ROOT = Path(__file__).parents[2]


class _Text(yaml.SafeLoader):
    """As an editor's: numbers are numbers, 'on' is text, no dates."""


_Text.yaml_implicit_resolvers = {
    first: [one for one in found if one[0].endswith((":int", ":float")) or (first in "tf" and "bool" in one[0])]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.fixture(scope="module")
def schema():
    found = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def data(text):
    return yaml.load(text, Loader=_Text)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios_are_taken_and_name_it(name, schema):
    path = shipped_scenarios()[name]
    text = path.read_text(encoding="utf-8")
    assert [error.message for error in schema.iter_errors(data(text))] == []
    [link] = [line for line in text.splitlines() if line.startswith("# yaml-language-server: $schema=")]
    assert (path.parent / link.split("=")[1]).resolve() == (ROOT / scenario_doc.SCHEMA).resolve()


def test_the_template_and_the_good_one_are_taken(schema):
    assert [error.message for error in schema.iter_errors(data(template("new")))] == []
    assert [error.message for error in schema.iter_errors(data(GOOD))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kvo: scenario/1", "kvo: scenario/2"),
        ("name: an-attack", "name: An attack"),
        ("title: An attack\n", ""),
        ("title: An attack", "titel: An attack"),
        ("programme: norepinephrine-8h", "programme: 7"),
        ("programme: norepinephrine-8h", "programme: {use: norepinephrine-8h, duration: 1 h}"),
        ("programme: norepinephrine-8h", "programme: {use: norepinephrine-8h, heat: syringe}"),
        ("programme: norepinephrine-8h", "programme: {use: norepinephrine-8h, head: tube}"),
        ("programme: norepinephrine-8h", "programme: {use: norepinephrine-8h, therapy: {dosis: 1 mL/h}}"),
        ("role: nurse", "role: medic"),
        ("role: nurse}", "role: nurse, pin: '04'}"),
        ("do: ask", "do: aks"),
        ("do: ask, who: nurse, ", "do: ask, "),
        ("request: status", "request: statsu"),
        ("flaw: no_mac", "flaw: no_max"),
        ("flaw: no_mac", "flaws: no_mac"),
        ("do: forge, who: nurse, dose: 0.3 ug/kg/min, flaw: no_mac", "do: press"),
        ("do: forge, who: nurse, dose: 0.3 ug/kg/min, flaw: no_mac", "do: press, key: stopp"),
        ("do: forge, who: nurse, dose: 0.3 ug/kg/min, flaw: no_mac", "do: link_down, key: stop"),
        ("kind: security", "kind: secure"),
        ("formula: always (hostile_accepted < 1)", "from: 3 s"),
        ("positions: [network]", "positions: []"),
        ("attack: {", "seeds: []\nattack: {"),
        ("attack: {", "seeds: [-1]\nattack: {"),
        ("attack: {", "homes: [mars]\nattack: {"),
        ("attack: {", "references: {cve: [2016-5085]}\nattack: {"),
        ("attack: {", "faults: [{at: 1 min, fault: link_los}]\nattack: {"),
        ("attack: {", f"faults: [{{at: 1 min, fault: link_lost, times: {MAX_STRIKES + 1}}}]\nattack: {{"),
    ],
)
def test_bad_ones_are_marked(old, new, schema):
    assert GOOD.count(old) == 1
    assert list(schema.iter_errors(data(GOOD.replace(old, new)))) != []


@pytest.mark.parametrize(
    "programme",
    [
        "{use: norepinephrine-8h, therapy: {vtbi: 40 mL}}",
        "{use: morphine-pca, therapy: {bolus: {lockout: 6 min}}, patient: {weight_kg: 50}}",
        "{library: ward, head: volumetric, reservoir: 500 mL, therapy: {drug: a, care_area: b, mode: steps}}",
    ],
)
def test_a_programme_may_be_written_in_part(programme, schema):
    assert [error.message for error in schema.iter_errors(data(GOOD.replace("norepinephrine-8h", programme)))] == []


def test_a_programme_is_no_scenario(schema):
    text = next(iter(shipped_programmes().values())).read_text(encoding="utf-8")
    assert list(schema.iter_errors(data(text))) != []


def test_every_verb_and_signal_is_in_it(schema):
    text = json.dumps(schema.schema)
    assert [verb for verb in ACTIONS if f'"const": "{verb}"' not in text] == []
    assert "hostile_accepted" in text


def test_page_and_schema_are_current():
    assert scenario_doc.check(ROOT), "run `python -m tools.scenario_doc` and commit what it has changed"


def test_a_page_that_is_not_current_is_noticed_and_renewed(tmp_path):
    (tmp_path / "docs").mkdir()
    text = f"a\n{scenario_doc.BEGIN}\nold\n{scenario_doc.END}\nb\n"
    (tmp_path / scenario_doc.PAGE).write_text(text, encoding="utf-8")
    scenario_doc.write(tmp_path)
    assert scenario_doc.check(tmp_path)
    made = tmp_path / scenario_doc.SCHEMA
    made.write_text(made.read_text(encoding="utf-8").replace("scenario", "scenery"), encoding="utf-8")
    assert not scenario_doc.check(tmp_path)
    with pytest.raises(ValueError, match="marks"):
        scenario_doc.page("no marks")
