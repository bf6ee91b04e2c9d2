"""`pytest --kvo`: scenarios of any folder as tests, each in a process of its own, as a user's pytest is."""

import json
import sys

import pytest

from tests.scenario.test_command import SHORT

pytest_plugins = ["pytester"]

HOLDS = SHORT.replace("from: 10 s, formula: always", "formula: eventually").replace("name: short", "name: good", 1)


@pytest.fixture
def play(pytester, monkeypatch):
    """pytest in a folder of a user's, with the plugin as it is here and no other of KVO's."""
    monkeypatch.setenv("PYTHONPATH", ":".join(path for path in sys.path if path))
    for name in ("CI", "PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers --strict-config\n")

    def run(*arguments):
        plugins = ("-p", "no:asyncio", "-p", "no:kvo", "-p", "simulator.pytest_plugin")
        return pytester.runpytest_subprocess(*plugins, *arguments)

    return run


def suite(pytester, **files):
    """A folder `suite` of scenarios."""
    folder = pytester.path / "suite"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_one_test_for_each_scenario_seed_and_home(pytester, play):
    text = HOLDS + "seeds: [0, 3]\n"
    suite(pytester, good=text, library="kvo: library/1\n", other="a: b\n")
    pytester.makepyfile("def test_own():\n    pass\n")
    done = play("--kvo", "suite", "-v")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines([f"suite/good.yaml::good?seed{seed}-cpython? PASSED*" for seed in (0, 3)])
    both = play("--kvo", "suite", "--kvo-seeds", "5-6,9", "test_one_test_for_each_scenario_seed_and_home.py", "-n", "2")
    both.assert_outcomes(passed=4)
    play("suite/good.yaml", "--kvo", "suite", "-k", "seed3").assert_outcomes(passed=1, deselected=1)


def test_a_failure_tells_the_margin_the_story_and_where_it_stands(pytester, play):
    folder = suite(pytester, bad=SHORT)
    done = play("--kvo", "suite", "--kvo-report", "out", "--junitxml", "junit.xml")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        [
            "short, seed 0, home cpython: 1 properties fail",
            "*FAILS  safety    goes-on: margin -0.05 mL/h, worst at 0:00:2*(rate 0 mL/h)*",
            "*always (rate > 0.05 mL/h)",
            f"*{folder / 'bad.yaml'}:12",
            "what was planned:",
            "people *b*",
            "*b  0:00:20  people     somebody pauses it",
            "what happened:",
            "*0:00:2*pump: delivery paused",
            "trace therapy: *",
            "report: *suite-bad.yaml-short-seed0-cpython.html",
        ]
    )
    [page] = (pytester.path / "out").glob("*.html")
    [figures] = (pytester.path / "out").glob("*.json")
    assert "somebody pauses it" in page.read_text(encoding="utf-8")
    assert json.loads(figures.read_text(encoding="utf-8"))["properties"][1]["margin"] == -0.05
    assert 'name="margin goes-on" value="-0.05 mL/h"' in (pytester.path / "junit.xml").read_text(encoding="utf-8")
    assert "Traceback" not in done.stdout.str()


def test_a_file_that_is_refused_is_one_line(pytester, play):
    folder = suite(pytester, bad=SHORT.replace("running'", "runing'"), good=HOLDS)
    done = play("--kvo", "suite")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines([f"{folder / 'bad.yaml'}:11: there is no signal 'runing'; did you mean 'running'?*"])
    assert "Traceback" not in done.stdout.str()


def test_a_home_that_cannot_be_had_is_one_line(pytester, play):
    suite(pytester, good=HOLDS.replace("fault: link_lost, for: 10 s", "fault: dosing_freezes"))
    done = play("--kvo", "suite", "--kvo-homes", "micropython")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["good: the fault dosing_freezes reaches into the firmware; use home cpython"])
    assert "Traceback" not in done.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--kvo", "none"), "*--kvo none: there is no such folder or file*"),
        (("--kvo", "suite", "--kvo-seeds", "a"), "*write numbers and ranges, such as 0-4,7*"),
        (("--kvo", "suite", "--kvo-seeds", "4-1"), "*write the smaller one first*"),
        (("--kvo", "suite", "--kvo-homes", "mars"), "*--kvo-homes 'mars': *"),
    ],
)
def test_options_that_cannot_be_are_one_line(arguments, says, pytester, play):
    suite(pytester, good=HOLDS)
    done = play(*arguments)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([says])


CONFTEST = """\
from simulator.scenario.actions import Action, action

@action
class Shout(Action):
    "Sends a message of zeros."

    verb = "shout"

    def act(self, stage):
        stage.world.board.link.deliver(bytes(9))
"""
WITH_VERB = (
    HOLDS.replace("duration: 40 s", "duration: 70 s")
    .replace("faults:", "  - {at: 65 s, do: shout}\nfaults:")
    .replace("kind: safety, says: it begins", "kind: security, says: it begins")
    + "attack: {positions: [network], control: none, property: runs}\n"
)


def test_a_suite_elsewhere_brings_verbs_and_programme(pytester, play, tmp_path_factory):
    from simulator.files.programme import LIBRARIES, PROGRAMMES

    away = tmp_path_factory.mktemp("away")
    (away / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (away / "attack.yaml").write_text(WITH_VERB.replace("insulin-slow", "ours.yaml"), encoding="utf-8")
    programme = (PROGRAMMES / "insulin-slow.yaml").read_text(encoding="utf-8")
    [library] = [line.split()[1] for line in programme.splitlines() if line.startswith("library:")]
    (away / "ours.yaml").write_text(programme.replace(f"library: {library}", "library: lib.yaml"), encoding="utf-8")
    (away / "lib.yaml").write_text((LIBRARIES / f"{library}.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    play("--kvo", str(away)).assert_outcomes(passed=1)


def test_without_the_option_nothing_of_kvo_is_imported(pytester, play):
    suite(pytester, bad=SHORT)
    pytester.makepyfile(
        "import sys\n\n\ndef test_light():\n"
        "    rooms = ('simulator', 'firmware', 'hal', 'tools', 'rtamt', 'pydantic', 'yaml')\n"
        "    ours = [name for name in sys.modules if name.split('.')[0] in rooms]\n"
        "    assert sorted(ours) == ['simulator', 'simulator.pytest_plugin']\n"
    )
    play().assert_outcomes(passed=1)


def test_it_is_registered_for_every_pytest():
    import tomllib
    from pathlib import Path

    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["entry-points"]["pytest11"] == {"kvo": "simulator.pytest_plugin"}


ATTACK = """\
kvo: scenario/1
name: copied
title: A titration that was cancelled is sent again
programme: norepinephrine-8h
people:
  nurse: {number: 7, role: nurse}
duration: 1 min 20 s
timeline:
  - {at: 1 min, do: ask, who: nurse, dose: 0.2 ug/kg/min}
  - {at: 1 min 2 s, do: press, key: cancel}
  - {at: 1 min 5 s, do: replay, request: titrate}
properties:
  - {name: refused, kind: security, says: no copy is taken, formula: always (hostile_accepted < 1)}
attack: {positions: [on-path], control: counter, property: refused}
"""


def test_attacks_are_shown_to_bite_and_weaker_pumps_to_fail(pytester, play):
    toothless = ATTACK.replace("copied", "toothless").replace("control: counter", "control: request-mac")
    suite(pytester, good=HOLDS, copied=ATTACK, toothless=toothless)
    done = play("--kvo", "suite", "--kvo-ablate", "own")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*the property refused holds without request-mac too*"])
    done = play("--kvo", "suite", "--kvo-ablate", "counter", "-k", "copied")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["the pump lacks counter", "*FAILS  security  refused: margin*"])
    bad = play("--kvo", "suite", "--kvo-ablate", "countr")
    bad.stderr.fnmatch_lines(["*there is no control 'countr'; did you mean 'counter'*"])
    bad = play("--kvo", "suite", "--kvo-ablate", "own", "--kvo-homes", "micropython")
    bad.stderr.fnmatch_lines(["*only home cpython can do without controls*"])
