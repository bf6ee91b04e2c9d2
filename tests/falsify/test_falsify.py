"""A search over a scenario: it finds a planted weakness that the scenario misses, and keeps what it found as a file."""

import json

import pytest

from simulator.falsify import falsify
from simulator.falsify.judging import Judge, Setting
from simulator.falsify.search import GUIDED, RANDOM
from simulator.files.scenario import load_scenario
from simulator.files.yaml_source import FileProblem
from simulator.report import falsify as page
from simulator.scenario.player import play
from simulator.scenario.story import happenings
from tests.command import kvo
from tests.falsify.planted import SCENARIO, weak

RUNS = 12


@pytest.fixture
def path(tmp_path):
    written = tmp_path / "planted.yaml"
    written.write_text(SCENARIO, encoding="utf-8")
    return written


def look(path, seed, how=GUIDED, runs=RUNS, **more):
    return falsify(Setting(str(path), seed, "cpython", (), weak), how=how, runs=runs, **more)


def test_a_planted_weakness_is_found_that_the_scenario_and_chance_miss(path):
    hits = {how: [not look(path, seed, how, until_fails=True).holds for seed in (1, 2)] for how in (GUIDED, RANDOM)}
    assert hits == {GUIDED: [True, True], RANDOM: [False, False]}


def test_the_worst_run_is_a_scenario_with_the_same_margins_and_a_page(path, tmp_path):
    found = look(path, 1, until_fails=True)
    assert play(load_scenario(path), seed=1, make_app=weak).holds  # the file's own timing does not show it
    folder = tmp_path / "out"
    folder.mkdir()
    kept = folder / "worst.yaml"
    kept.write_text(found.text(folder), encoding="utf-8")
    played = play(load_scenario(kept), seed=1, make_app=weak)
    assert {one.judged.name: one.margin for one in played.outcomes} == found.worst.margins
    assert [one.judged.name for one in played.failing] == ["replay-refused"]
    assert play(load_scenario(kept), seed=1).holds  # the shipped pump has no such weakness
    text = page.write(found, played, happenings, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "1 of 2 properties fail" in text and "hostile_accepted" in text and "<script" not in text
    assert "beside a moment" in text and text.count("<circle") > len(found.trials)


def test_one_property_alone_is_sought_and_told_by_name(path):
    found = look(path, 1, sought=["rate-stays"], runs=6)
    assert found.sought == ("rate-stays",) and found.holds and found.worst.score == found.worst.margins["rate-stays"]
    with pytest.raises(FileProblem, match="there is no property 'rate-stay'; did you mean 'rate-stays'"):
        look(path, 1, sought=["rate-stay"])


def test_properties_that_are_tied_to_times_are_left_out_unless_the_file_says_what_may_vary(path):
    text = SCENARIO.replace("formula: always (rate", "formula: always[0, 1 min] (rate")
    path.write_text(text, encoding="utf-8")
    assert look(path, 0, runs=2).sought == ("replay-refused", "rate-stays")
    path.write_text(text[: text.index("vary:")], encoding="utf-8")
    assert look(path, 0, runs=2).sought == ("replay-refused",)
    text = text[: text.index("vary:")].replace("always (hostile", "always[0, 2 min] (hostile")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileProblem, match="every property here is tied to times"):
        look(path, 0, runs=2)


def test_an_interrupt_keeps_what_was_found(path):
    def interrupt(done, total, worst):
        raise KeyboardInterrupt

    found = look(path, 0, progress=interrupt)
    assert len(found.trials) == 5 and found.worst.score is not None


def test_what_the_adversary_leaves_alone_is_played_once(path):
    path.write_text(SCENARIO.replace("always (rate < 7 mL/h)", "always (abs(dose_shift) < 0.001 mL)"), encoding="utf-8")
    judge = Judge(Setting(str(path), 0, "cpython"))
    own = judge.candidates.own_values
    first = judge.play(judge.candidates.text(own))
    again = judge.play(judge.candidates.text(own | {"replay at": 70_000}))
    assert first.undisturbed is not None and again.undisturbed is first.undisturbed
    fresh = play(judge.candidates.scenario(own | {"replay at": 70_000}))
    assert [one.margin for one in fresh.outcomes] == [one.margin for one in again.outcomes]


def test_the_command_is_the_same_on_any_number_of_processes(path, tmp_path):
    figures = []
    for jobs in ("1", "2"):
        out, told = tmp_path / f"worst{jobs}.yaml", tmp_path / f"found{jobs}.json"
        done = kvo(
            "falsify", path, "--runs", 8, "--seed", 5, "--jobs", jobs, "--out", out, "--json", told,
            "--report", tmp_path / "page.html",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert "nothing below 0 was found in 8 runs" in done.output
        assert f"kvo scenario run {out} --seed 5" in done.output
        figures.append((out.read_text(encoding="utf-8"), json.loads(told.read_text(encoding="utf-8"))))
    assert figures[0] == figures[1]
    found = figures[0][1]
    assert found["runs"] == 8 and found["holds"] and found["sought"] == ["replay-refused", "rate-stays"]
    assert found["trials"][0]["why"] == "file" and found["trials"][0]["values"] == {"replay at": "1 min 20 s"}
    again = kvo("scenario", "run", tmp_path / "worst1.yaml", "--seed", 5)
    assert again.exit_code == 0 and "all 2 properties hold" in again.output


def test_a_file_that_no_search_has_made_is_not_written_over(path, tmp_path):
    done = kvo("falsify", path, "--out", path)
    assert done.exit_code == 2 and "no search has made it" in done.output
    assert path.read_text(encoding="utf-8") == SCENARIO
    done = kvo("falsify", path, "--out", tmp_path / "none" / "worst.yaml")
    assert done.exit_code == 2 and "there is no such folder" in done.output
    done = kvo("falsify", "replayed-titratio")
    assert done.exit_code == 2 and "did you mean 'replayed-titration'" in done.output
