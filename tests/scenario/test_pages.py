"""What docs/scenarios.md and docs/attack-suites.md show works as it stands there."""

import re
from pathlib import Path

import pytest

from firmware.trust.roles import NURSE, PHYSICIAN
from simulator.attack.pump import weakened
from simulator.bench import Bench
from simulator.falsify.candidates import Candidates
from simulator.files.scenario import load_scenario
from simulator.scenario.actions import ACTIONS
from simulator.scenario.player import play
from simulator.scenario.plugins import add_verbs
from simulator.scenario.stage import Player

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page, language):
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """A folder with the page's example, where the cookbook has it."""
    example, _vary = blocks("scenarios.md", "yaml")
    path = tmp_path / "my-suite" / "forged-stop.yaml"
    path.parent.mkdir()
    path.write_text(example, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return path


def test_the_example_file_holds(suite):
    played = play(load_scenario(suite))
    assert played.failing == [] and len(played.outcomes) == 2


def test_the_example_of_what_may_vary_is_taken(suite):
    _example, vary = blocks("scenarios.md", "yaml")
    suite.write_text(suite.read_text(encoding="utf-8") + vary, encoding="utf-8")
    assert len(Candidates(suite).freedoms) == 5


def test_the_example_verb_is_taken(suite, tmp_path):
    [verb] = [block for block in blocks("scenarios.md", "python") if "@action" in block]
    path = tmp_path / "my_verbs.py"
    path.write_text(verb, encoding="utf-8")
    try:
        add_verbs(path)
        suite.write_text(suite.read_text(encoding="utf-8").replace(
            "do: forge, who: nurse, dose: 0.3 ug/kg/min, flaw: made_up_key", "do: shout, size: 40"
        ), encoding="utf-8")  # fmt: skip
        played = play(load_scenario(suite))
        assert [code for _, code, hostile in played.verdicts if hostile] != [] and played.holds
    finally:
        ACTIONS.pop("shout", None)


def test_the_example_from_python_runs(capsys):
    [example] = [block for block in blocks("scenarios.md", "python") if "played = play" in block]
    exec(compile(example, "docs/scenarios.md", "exec"), {})
    assert capsys.readouterr().out.startswith("True [('flood-refused', ")


def test_the_pages_weak_pump_shows_that_the_attack_bites(suite):
    failing = play(load_scenario(suite), make_app=weakened(["request-mac"])).failing
    assert [one.judged.name for one in failing] == ["forged-refused", "dose-untouched"]


async def test_the_cookbooks_bench_test_passes():
    [example] = [block for block in blocks("attack-suites.md", "python") if "async def" in block]
    names = {"Bench": Bench, "Player": Player, "NURSE": NURSE, "PHYSICIAN": PHYSICIAN}
    exec(compile(example, "docs/attack-suites.md", "exec"), names)
    await names["test_a_forgery_is_noticed"]()
    await names["test_a_captured_order_is_worth_nothing"]()
