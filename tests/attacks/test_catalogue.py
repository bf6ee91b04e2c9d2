"""What every shipped attack has: known references, a control of the table, a beginning mid-infusion, its own property.

That each fails against the pump, and bites without its control, are the claims `attacks` and `ablation`.
"""

from itertools import product
from pathlib import Path

import pytest

from simulator.adversary import POSITIONS
from simulator.attack.controls.table import CONTROLS
from simulator.files.scenario import ATTACK_MS, MID_INFUSION_MS, load_scenario, shipped_attacks
from simulator.scenario.actions import PEOPLE
from simulator.scenario.monitors import margins
from simulator.scenario.player import play
from simulator.scenario.signals import VOCABULARY
from tools import attack_doc

LOADED = {name: load_scenario(path) for name, path in shipped_attacks().items()}
EMB3D = set((Path(__file__).parent / "emb3d.txt").read_text(encoding="utf-8").split())
# Volumes, and rates where what is at stake is the rate.
DOSE = {"dose_shift", "delivered", "overdelivered", "rate", "delivery_bolus", "delivery_infusing", "running"}


def test_there_are_sixty_and_more():
    assert len(LOADED) >= 60
    assert {len(one.attack.positions) >= 1 for one in LOADED.values()} == {True}


@pytest.mark.parametrize("name", LOADED)
def test_an_attack_is_named_like_its_file_and_its_references_are_known(name):
    one = LOADED[name]
    assert one.name == name
    assert one.story, name
    assert one.references.cwe, name
    assert set(one.references.emb3d) - EMB3D == set()
    assert one.references.emb3d, name
    assert one.references.attack, name


@pytest.mark.parametrize("name", LOADED)
def test_an_attack_names_its_control_and_begins_mid_infusion(name):
    one = LOADED[name]
    assert one.attack.control in CONTROLS
    assert one.duration_ms <= ATTACK_MS
    hostile = [step.action for step in one.steps if step.action.power != PEOPLE]
    assert hostile, "nobody hostile does anything"
    assert min(action.at for action in hostile) >= MID_INFUSION_MS


@pytest.mark.parametrize("name", LOADED)
def test_an_attack_has_a_property_of_its_control_and_one_of_the_dose(name):
    one = LOADED[name]
    own = next(judged for judged in one.properties if judged.name == one.attack.property)
    assert own.kind == "security"
    assert any(DOSE & set(judged.formula.names) for judged in one.properties), "nothing of the dose"


@pytest.mark.parametrize("name", LOADED)
def test_each_property_fails_on_a_trace_made_to_violate_it(name):
    one = LOADED[name]
    seconds = one.duration_ms // 1000
    for judged in one.properties:
        names = judged.formula.names
        extremes = [(-1.0, 1.0) if signal in VOCABULARY.conditions else (-1e6, 0.0, 1e6) for signal in names]
        traces = ({n: [v] * seconds for n, v in zip(names, vs, strict=True)} for vs in product(*extremes))
        assert any(margins(judged.formula, trace, judged.from_s)[0] < 0 for trace in traces), judged.name


def test_no_two_attacks_are_the_same_but_for_a_number():
    """Who does what, in which order, stopped by what: no two attacks share all of it."""
    stories = {}
    for name, one in LOADED.items():
        does = tuple((step.action.verb, _which(step.action)) for step in one.steps if step.action.power != PEOPLE)
        story = (does, one.attack.control, one.programme.drug.name, tuple(step.action.verb for step in one.steps))
        assert stories.setdefault(story, name) == name


def _which(action):
    return tuple(getattr(action, key, None) for key in ("flaw", "request", "how", "what", "shape", "packet", "key"))


def test_every_position_and_most_drugs_are_attacked():
    positions = {place for one in LOADED.values() for place in one.attack.positions}
    assert positions == set(POSITIONS) - {"pump"}  # that one is scripted: no adversary of a pump that judges
    drugs = {one.programme.drug.name for one in LOADED.values()}
    assert {"norepinephrine", "morphine", "insulin regular", "propofol", "potassium chloride", "paclitaxel"} <= drugs


def test_every_network_and_person_control_is_attacked():
    """A control that no attack names would be one that nothing here shows to matter."""
    named = {one.attack.control for one in LOADED.values()}
    layers = ("network", "message", "time", "person", "bedside", "runtime")
    unattacked = {name for name, control in CONTROLS.items() if control.layer in layers} - named
    assert unattacked == set()


def test_the_catalogue_page_is_that_of_the_files():
    assert attack_doc.check(list(LOADED.values()))


@pytest.mark.parametrize("name", ["forged-stop-during-bolus", "store-put-back", "client-id-taken-over"])
def test_a_story_tells_how_far_the_adversary_came(name):
    played = play(LOADED[name])
    assert played.holds
    told = [text for _, text in played.run.events if text.startswith("adversary at ")]
    assert any(text.endswith(": strike") for text in told)
    assert not any(text.endswith(": effect") for text in told)
