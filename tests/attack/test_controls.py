"""Stand-ins: a pump with none of them is the shipped one, each bites where it should, and the table is in order."""

import ast
from pathlib import Path

import pytest

from simulator.attack.controls.base import LAYERS
from simulator.attack.controls.table import CONTROLS, LEGACY, PROFILES, in_order
from simulator.attack.pump import PARTS, SEATS, Parts, weakened
from simulator.attack.run import local_holds
from simulator.files.scenario import load_scenario, shipped_attacks, shipped_scenarios
from simulator.scenario.player import play
from tools import controls_doc

ROOT = Path(__file__).parents[2]
EXAMPLES = shipped_scenarios()


def failing(name, *controls):
    """Names of the properties that fail without `controls`."""
    return {one.judged.name for one in play(load_scenario(EXAMPLES[name]), make_app=weakened(controls)).failing}


@pytest.mark.parametrize("name", ("forged-titration", "compromise-pca"))
def test_spies_change_nothing(name):
    spied = set()
    scenario = load_scenario(EXAMPLES[name])
    looked_at = play(scenario, make_app=weakened((), spied))
    assert looked_at.run.trace_sha256 == play(scenario).run.trace_sha256
    assert spied


@pytest.mark.parametrize(
    ("name", "control", "fails"),
    (
        ("forged-titration", "request-mac", {"forged-refused", "dose-untouched"}),
        ("replayed-titration", "counter", {"replay-refused", "dose-untouched"}),
        ("delayed-titration", "expiry", {"late-refused", "rate-stays"}),
        ("stolen-shift-key", "bedside-confirmation", {"nothing-by-itself", "dose-untouched"}),
        ("flood", "suspicion", {"flood-refused"}),
        ("compromise-pca", "lock-out", {"lock-out-holds"}),
        ("compromise-pca", "isolation", {"isolated", "told"}),
    ),
)
def test_a_stand_in_bites(name, control, fails):
    assert fails - failing(name, control) == set()


def test_stand_ins_compose():
    assert {"forged-refused", "dose-untouched"} - failing("forged-titration", *LEGACY) == set()


def test_what_no_stand_in_replaces_is_the_firmwares_own():
    parts = Parts(("request-mac",))
    assert [name for name in PARTS if parts.changes(name)] == ["request"]
    assert parts.of("session") is PARTS["session"]


def test_each_control_has_a_layer_a_place_and_a_stand_in():
    assert len(CONTROLS) >= 20
    for one in CONTROLS.values():
        assert one.layer in LAYERS, one.name
        assert (ROOT / one.where).is_file(), one.where
        assert one.at_site or one.standins, one.name
        for standin in one.standins:
            assert issubclass(standin.kind, PARTS[standin.part]), one.name
            assert standin.spy is None or issubclass(standin.spy, PARTS[standin.part]), one.name


def test_each_shipped_attack_names_a_control():
    for path in EXAMPLES.values():
        attack = load_scenario(path).attack
        assert attack is None or attack.control in CONTROLS, path


def test_names_come_in_the_tables_order_and_a_wrong_one_is_answered():
    assert in_order(("counter", "request-mac", "counter")) == ("request-mac", "counter")
    with pytest.raises(ValueError, match="did you mean 'request-mac'"):
        in_order(("request-mc",))
    assert PROFILES["shipped"] == ()


def test_the_page_lists_them():
    assert controls_doc.check(ROOT), "run `python -m tools.controls_doc` and commit what it has changed"


def test_nothing_of_a_stand_in_is_in_the_firmware():
    for path in [*(ROOT / "firmware").rglob("*.py"), *(ROOT / "hal").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any("attack" in name for name in names), path


def test_a_library_is_looked_at_by_stand_ins_only_while_a_weakened_pump_starts():
    shipped = [getattr(module, name) for module, name, _ in SEATS]
    scenario = load_scenario(shipped_attacks()["library-forged"])
    assert not local_holds(scenario, 0, ("library-signature",))
    assert [getattr(module, name) for module, name, _ in SEATS] == shipped
    assert local_holds(scenario, 0, ())


@pytest.mark.parametrize("library", ["library-by-one-pharmacist", "library-signed-twice-by-one"])
def test_one_pharmacist_is_enough_where_two_are_not_asked_for(library):
    scenario = load_scenario(shipped_attacks()[library])
    assert local_holds(scenario, 0, ("rollback-floor", "model-match"))
    assert not local_holds(scenario, 0, ("two-pharmacists",))
