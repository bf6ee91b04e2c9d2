"""The shipped scenarios hold, are the same for a seed in each home, and each of their properties can fail."""

from itertools import product

import pytest

from simulator.files.scenario import load_scenario, shipped_scenarios
from simulator.scenario.monitors import margins
from simulator.scenario.player import play
from simulator.scenario.signals import VOCABULARY
from tests.scenario.weak import WEAKNESSES

SHIPPED = shipped_scenarios()
CASES = [(name, weakness) for name, weaknesses in WEAKNESSES.items() for weakness in weaknesses]


@pytest.fixture(scope="module")
def played():
    """Each shipped scenario with its first seed, played once for this module."""
    found = {}

    def of(name):
        if name not in found:
            found[name] = play(load_scenario(SHIPPED[name]))
        return found[name]

    return of


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_holds(name, played):
    outcome = played(name)
    assert {one.judged.name: one.margin for one in outcome.failing} == {}
    assert [one.judged.name for one in outcome.outcomes if one.idle] == []


@pytest.mark.parametrize("name", ("flood", "forged-titration"))
def test_the_same_seed_gives_the_same_run(name, played):
    again = play(load_scenario(SHIPPED[name]))
    assert again.run.trace_sha256 == played(name).run.trace_sha256
    assert again.signals == played(name).signals
    assert again.verdicts == played(name).verdicts


@pytest.mark.parametrize("name", ("replayed-titration", "link-lost"))
def test_another_home_gives_the_same_trace_and_the_same_margins(name, played):
    there = play(load_scenario(SHIPPED[name]), home="micropython")
    assert there.run.trace_sha256 == played(name).run.trace_sha256
    assert [one.margin for one in there.outcomes] == [one.margin for one in played(name).outcomes]


@pytest.mark.parametrize(("name", "weakness"), CASES, ids=[f"{name}: {one.says}" for name, one in CASES])
def test_a_weaker_pump_or_a_worse_world_fails(name, weakness, tmp_path):
    text = SHIPPED[name].read_text(encoding="utf-8")
    for old, new in weakness.edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    failing = {one.judged.name for one in play(load_scenario(path), make_app=weakness.make_app).failing}
    assert set(weakness.fails) - failing == set()


def test_every_property_has_a_weakness_that_it_finds():
    for name, path in SHIPPED.items():
        shown = {fails for one in WEAKNESSES[name] for fails in one.fails}
        assert {one.name for one in load_scenario(path).properties} - shown == set(), name


@pytest.mark.parametrize("name", SHIPPED)
def test_every_property_fails_on_a_trace_made_to_violate_it(name):
    scenario = load_scenario(SHIPPED[name])
    seconds = scenario.duration_ms // 1000
    for one in scenario.properties:
        names = one.formula.names
        extremes = [(-1.0, 1.0) if signal in VOCABULARY.conditions else (-1e6, 0.0, 1e6) for signal in names]
        traces = ({n: [v] * seconds for n, v in zip(names, vs, strict=True)} for vs in product(*extremes))
        assert any(margins(one.formula, trace, one.from_s)[0] < 0 for trace in traces), one.name
