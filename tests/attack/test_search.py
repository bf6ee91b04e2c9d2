"""What an attack comes to, and the search for the smallest sets of controls that let it reach the dose."""

from dataclasses import replace

import pytest

from simulator.attack import results as rs
from simulator.attack.run import Lacking, attack_run, begins_s, honest_run, local_holds, said
from simulator.attack.search import Search
from simulator.files.scenario import find_scenario, load_scenario


def attack(name):
    """A shipped attack."""
    return load_scenario(find_scenario(name))


def test_an_attack_that_fails_is_blocked_and_leaves_the_honest_dose():
    run = attack_run(attack("delayed-titration"))
    assert (run.verdict, run.profile, run.local_holds) == (rs.BLOCKED, "shipped", True)
    assert run.dose.shift_ml == 0
    assert run.series.delivered_ml == run.series.honest_delivered_ml


def test_without_its_control_it_reaches_the_dose():
    run = attack_run(attack("delayed-titration"), ablated=["expiry"], keep_series=False)
    assert (run.verdict, run.profile, run.local_holds) == (rs.DOSE, "custom", False)
    assert run.dose.is_shifted
    assert not local_holds(attack("delayed-titration"), 0, ["expiry"])


def test_an_attack_that_is_not_noticed_bites_and_leaves_the_dose():
    run = attack_run(attack("replayed-titration"), ablated=["suspicion"], keep_series=False)
    assert (run.verdict, run.reached_dose) == (rs.BITES, False)


def test_an_order_that_was_kept_from_the_pump_is_none():
    dropped = attack("orders-reordered")
    shift = max(honest_run(dropped, 0).delivered_ml) - attack_run(dropped, keep_series=False).dose.delivered_ml
    assert shift > 0.05  # the honest run has the order that the adversary kept back
    assert attack_run(dropped, keep_series=False).verdict == rs.BLOCKED


def test_a_story_that_a_weak_pump_breaks_by_itself_is_not_the_adversarys():
    run = attack_run(attack("replayed-titration"), ablated=["bedside-confirmation"], keep_series=False)
    assert [one.name for one in run.properties if not one.holds] == ["asked-for-once"]
    assert run.verdict == rs.BLOCKED


def test_the_smallest_sets_are_found_and_only_what_said_no_is_tried():
    search = Search(attack("delayed-titration"))
    found = search.minimal()
    assert found.sets == (("expiry",),)
    assert found.tried == len(search.cells) < 10
    assert "request-mac" not in search.said_no(frozenset())


def test_where_no_set_does_a_reason_is_given():
    search = Search(attack("stolen-shift-key"))
    none = rs.Cell("stolen-shift-key", (), rs.BLOCKED, False, True, 0.0)
    search.cell = lambda ablated: none  # type: ignore[method-assign]
    search.said_no = lambda ablated: frozenset()  # type: ignore[method-assign]
    assert search.minimal().reason.startswith("it is no attack on the dose")
    search.cell = lambda ablated: replace(none, reached_dose=bool(ablated))  # type: ignore[method-assign]
    assert search.minimal().reason.startswith("more than 3 controls")


def test_an_attack_begins_with_the_adversary():
    assert begins_s(attack("delayed-titration")) == 120
    assert said(attack("delayed-titration")).policy == "sustain"


def test_a_scenario_without_an_adversary_is_no_attack():
    with pytest.raises(ValueError, match="is no attack"):
        said(attack("link-lost"))


def test_only_controls_of_the_site_are_asked_for_by_the_stage():
    spied = set()
    lacking = Lacking(["broker-acl"], spied)
    assert "broker-acl" in lacking
    assert "client-certificate" not in lacking
    assert spied == {"broker-acl", "client-certificate"}
    with pytest.raises(KeyError):
        _ = "request-mac" in lacking
