"""The commands: what they print, where, and with which exit code."""

import json
import re

import pytest
from typer.testing import CliRunner

from simulator.faults import KINDS
from simulator.files.programme import shipped_libraries, shipped_programmes
from tests.command import MINUTE, kvo
from tools.claims import registry
from tools.cli import app
from tools.commands import run as run_commands

runner = CliRunner()

COMMANDS = ("demo", "run", "programme", "library", "faults", "prove", "build", "chart", "bench")

@pytest.fixture
def minute(tmp_path):
    """A programme that lasts a minute."""
    path = tmp_path / "one-minute.yaml"
    path.write_text(MINUTE, encoding="utf-8")
    return path


@pytest.fixture
def claims(monkeypatch):
    """Three claims of our own: one that holds, one that does not, one whose evidence breaks off."""

    def good(deep, subject, report):
        report(1, 1)
        return registry.Outcome(subject is None, "2 of 2" if deep else "1 of 1", {"deep": deep})

    def broken(deep, subject, report):
        raise ArithmeticError("off by one")

    def claim(name, evidence):
        return registry.Claim(name, f"says {name}.", evidence, {"upside down": lambda: "mutant"})

    def bad(deep, subject, report):
        return registry.Outcome(False, "1 of 2")

    found = {"good": claim("good", good), "bad": claim("bad", bad), "broken": claim("broken", broken)}
    monkeypatch.setattr(registry, "claims", lambda: found)


def test_help_teaches_where_to_begin():
    said = kvo("--help").stdout
    assert "kvo demo" in said and "Exit codes" in said
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", said)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    assert "Usage" in kvo(command, "--help").stdout


def test_programme_list_names_all_that_are_shipped():
    said = kvo("programme", "list")
    assert said.exit_code == 0
    assert set(shipped_programmes()) <= {line.split()[0] for line in said.stdout.splitlines()}


def test_programme_check_takes_what_is_shipped():
    said = kvo("programme", "check", *shipped_programmes())
    assert said.exit_code == 0 and said.stdout.count(": good, ") == len(shipped_programmes())


def test_faults_list_names_the_catalogue_and_one_place_of_it():
    said = kvo("faults", "list")
    assert said.exit_code == 0 and [line.split()[0] for line in said.stdout.splitlines()][1:] == list(KINDS)
    stores = kvo("faults", "list", "--where", "store").stdout.splitlines()[1:]
    assert [line.split()[0] for line in stores] == [kind.name for kind in KINDS.values() if kind.where == "store"]


def test_faults_show_tells_parameters_and_how_to_write_it():
    said = kvo("faults", "show", "down_pressure_offset", "tick_late")
    assert said.exit_code == 0 and "-1600 mmHg to 1600 mmHg" in said.stdout
    assert "{at: 1 h, fault: down_pressure_offset, for: 30 s, by: -150 mmHg}" in said.stdout
    assert "{at: 1 h, fault: tick_late, last: 70 ms}" in said.stdout


def test_an_unknown_fault_or_place_is_one_line_and_exit_2():
    for arguments, near in ((("show", "store_slo"), "'store_slow'"), (("list", "--where", "stor"), "'store'")):
        said = kvo("faults", *arguments)
        assert said.exit_code == 2 and said.stderr.count("\n") == 1 and near in said.stderr


def test_library_check_takes_what_is_shipped():
    said = kvo("library", "check", *shipped_libraries().values())
    assert said.exit_code == 0 and said.stdout.count(": good, ") == len(shipped_libraries())


def test_a_refused_library_is_one_line_and_exit_2(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("kvo: library/1\nkvo: library/1\n", encoding="utf-8")
    said = kvo("library", "check", path, next(iter(shipped_libraries())))
    assert said.exit_code == 2
    assert re.fullmatch(r".*bad\.yaml:2: .*; .*\n", said.stderr)
    assert ": good, " in said.stdout  # the other file is checked all the same


def test_run_prints_the_run_and_writes_json(minute, tmp_path):
    out = tmp_path / "run.json"
    said = kvo("run", minute, "--seed", 7, "--near-wrap", "--json", out)
    assert said.exit_code == 0
    assert "One minute of saline" in said.stdout and "trace therapy: " in said.stdout
    data = json.loads(out.read_text(encoding="utf-8"))
    assert data["scenario"] == "one-minute" and data["seed"] == 7 and data["home"] == "cpython"
    assert data["simulated_s"] == 60 and set(data["trace_sha256"]) == {"therapy", "trust"}


def test_demo_writes_its_report(minute, tmp_path, monkeypatch):
    monkeypatch.setattr(run_commands, "DEMO", str(minute))
    report = tmp_path / "page.html"
    said = kvo("demo", "--report", report)
    assert said.exit_code == 0 and f"report: {report.resolve()}" in said.stdout
    assert report.stat().st_size > 10_000 and "Dose in each phase" in said.stdout


def test_the_demo_is_shipped():
    assert run_commands.DEMO in shipped_programmes()


def test_run_refuses_a_programme_that_there_is_not():
    said = kvo("run", "norepinephrin-8h")
    assert said.exit_code == 2 and said.stdout == ""
    assert said.stderr.count("\n") == 1 and "did you mean 'norepinephrine-8h'?" in said.stderr


def test_run_refuses_past_a_hard_limit_and_runs_nothing(minute):
    minute.write_text(MINUTE.replace("100 mL/h", "1199 mL/h"), encoding="utf-8")
    said = kvo("run", minute)
    assert said.exit_code == 2 and said.stdout == "" and re.match(r".*one-minute\.yaml:\d+: ", said.stderr)


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf", "fast"])
def test_run_refuses_a_speed_that_is_none(minute, speed):
    said = kvo("run", minute, f"--speed={speed}")
    assert said.exit_code == 2 and said.stderr.startswith("--speed") and said.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--json", "--report"])
def test_run_says_when_a_file_cannot_be_written(minute, option):
    said = kvo("run", minute, option, minute / "not a folder")
    assert said.exit_code == 2 and "cannot be written" in said.stderr and said.stderr.count("\n") == 1


def test_speed_paces_the_run():
    assert run_commands.speed_of("max") is None
    assert run_commands.speed_of("60") == 60


def test_prove_alone_lists_the_claims(claims):
    said = kvo("prove")
    assert said.exit_code == 0 and "good: says good." in said.stdout


def test_prove_prints_a_line_with_the_figure(claims):
    assert kvo("prove", "good").stdout == "good: 1 of 1\n"
    assert kvo("prove", "good", "--deep").stdout == "good: 2 of 2\n"
    assert kvo("prove", "good").exit_code == 0


def test_prove_fails_where_a_claim_does_not_hold(claims):
    said = kvo("prove", "bad", "good")
    assert said.exit_code == 1
    assert said.stdout == "bad: DOES NOT HOLD: 1 of 2\ngood: 1 of 1\n"


def test_evidence_that_breaks_off_is_none(claims):
    said = kvo("prove", "broken")
    assert said.exit_code == 1 and "ArithmeticError: off by one" in said.stdout


def test_a_mutant_is_rejected_by_figure_and_not_by_accident(claims):
    said = kvo("prove", "good", "--mutants")
    assert said.exit_code == 0 and "good, mutant 'upside down': rejected" in said.stdout
    said = kvo("prove", "broken", "--mutants")
    assert said.exit_code == 1 and "NOT REJECTED" in said.stdout


def test_prove_all_writes_json(claims, tmp_path):
    out = tmp_path / "claims.json"
    assert kvo("prove", "--all", "--json", out).exit_code == 1
    data = json.loads(out.read_text(encoding="utf-8"))
    assert not data["holds"] and [one["name"] for one in data["claims"]] == ["good", "bad", "broken"]
    assert data["claims"][0]["figure"] == "1 of 1" and data["claims"][0]["data"] == {"deep": False}


def test_claims_side_by_side_say_what_they_say_in_turn(tmp_path):
    out = tmp_path / "claims.json"
    said = runner.invoke(app, ["prove", "policy", "units", "--jobs", "2", "--json", str(out)])
    assert said.exit_code == 0, said.output
    lines = runner.invoke(app, ["prove", "policy", "units"]).stdout.splitlines()
    assert sorted(said.stdout.splitlines()) == sorted(lines)
    data = json.loads(out.read_text(encoding="utf-8"))
    assert data["holds"] and [one["name"] for one in data["claims"]] == ["policy", "units"]


def test_prove_guesses_at_a_name_that_is_no_claim(claims):
    said = kvo("prove", "goud")
    assert said.exit_code == 2 and said.stdout == ""
    assert said.stderr == "there is no claim 'goud'; did you mean 'good'?\n"


def test_the_charts_in_the_docs_are_those_of_the_tables():
    said = kvo("chart", "--check")
    assert said.exit_code == 0, said.stderr


def test_prove_draws_the_curves_of_accuracy_and_refuses_claims_without(tmp_path):
    page = tmp_path / "accuracy.html"
    done = runner.invoke(app, ["prove", "accuracy", "--report", str(page)])
    assert done.exit_code == 0, done.output
    assert "Trumpet" in page.read_text(encoding="utf-8")
    refused = runner.invoke(app, ["prove", "units", "--report", str(page)])
    assert refused.exit_code == 2
