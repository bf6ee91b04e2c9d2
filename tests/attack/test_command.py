"""`kvo attack` as a person meets it: what it plays, what it refuses, and its exit codes."""

import json
from xml.etree import ElementTree

import pytest

from simulator.attack.results import load_suite
from tests.command import kvo


def test_an_attack_that_fails_is_0_and_all_is_kept(tmp_path):
    done = kvo(
        "attack", "delayed-titration", "--jobs", 1, "--json", tmp_path / "a.json", "--junit", tmp_path / "a.xml",
        "--report", tmp_path / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "delayed-titration: failed" in done.output
    suite = load_suite(tmp_path / "a.json")
    assert suite == load_suite(tmp_path / "out" / "attacks.json")
    assert suite.run_of("delayed-titration").holds
    assert ElementTree.parse(tmp_path / "a.xml").getroot().get("failures") == "0"
    assert (tmp_path / "out" / "attacks.html").is_file()


def test_one_that_gets_through_is_1_and_fails_in_junit(tmp_path):
    done = kvo("attack", "delayed-titration", "--ablate", "expiry", "--junit", tmp_path / "a.xml", "--jobs", 1)
    assert done.exit_code == 1
    assert "REACHES THE DOSE" in done.output
    failure = ElementTree.parse(tmp_path / "a.xml").getroot().find("testcase/failure")
    assert failure.get("type") == "dose"


def test_minimal_sets_are_told_and_the_shipped_pump_decides():
    done = kvo("attack", "delayed-titration", "--ablate", "minimal", "--profile", "shipped", "--jobs", 1)
    assert done.exit_code == 0
    assert "1 smallest set" in done.output
    assert "    expiry" in done.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    (
        ((), "--all"),
        (("forged-titratoin",), "did you mean 'forged-titration'"),
        (("link-lost",), "no such attack"),
        (("delayed-titration", "--ablate", "expire"), "did you mean 'expiry'"),
        (("delayed-titration", "--profile", "legac"), "did you mean 'legacy'"),
        (("delayed-titration", "--seeds", "4-0"), "the smaller one first"),
        (("delayed-titration", "--ablate", "expiry", "--home", "micropython"), "classes of this process"),
        (("delayed-titration", "--ablate", "minimal", "--home", "webassembly"), "classes of this process"),
        (("delayed-titration", "--json", "/no/such/folder/a.json"), "cannot be written"),
    ),
)
def test_what_is_refused_is_2_with_a_remedy(arguments, says):
    done = kvo("attack", *arguments)
    assert done.exit_code == 2
    assert says in done.output + done.stderr


def test_a_folder_without_attacks_and_a_control_that_there_is_not(tmp_path):
    done = kvo("attack", tmp_path)
    assert (done.exit_code, "no attack in this folder" in done.output + done.stderr) == (2, True)
    from simulator.files.scenario import find_scenario

    text = find_scenario("delayed-titration").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace("control: expiry", "control: expirey"), encoding="utf-8")
    done = kvo("attack", tmp_path)
    assert done.exit_code == 2
    assert "did you mean 'expiry'" in done.output + done.stderr


def test_lists_play_nothing():
    assert "request-mac" in kvo("attack", "--controls").output
    listed = kvo("attack", "--list")
    assert listed.exit_code == 0
    assert "forged-titration" in listed.output
    assert "link-lost" not in listed.output


def test_results_are_plain_json(tmp_path):
    kvo("attack", "delayed-titration", "--jobs", 1, "--json", tmp_path / "a.json")
    data = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert data["kvo"] == "attack-results/1"
    assert {"controls", "attacks", "runs", "minimal", "cells", "problems", "profiles", "wall_s"} <= set(data)
