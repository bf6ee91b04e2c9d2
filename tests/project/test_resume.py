"""`kvo prove --resume` leaves out what was shown of the same sources, and nothing else."""

import json

import pytest
from typer.testing import CliRunner

from tools.claims import registry
from tools.cli import app
from tools.commands import resume


@pytest.fixture
def runs(monkeypatch):
    """Two claims, the second of which fails the first time; the names of what was run."""
    ran = []

    def steady(deep, subject, report):
        ran.append("steady")
        return registry.Outcome(subject is None, "1 of 1")

    def late(deep, subject, report):
        ran.append("late")
        return registry.Outcome(ran.count("late") > 1, "of two")

    found = {
        name: registry.Claim(name, f"says {name}.", evidence, {"upside down": lambda: "mutant"})
        for name, evidence in (("steady", steady), ("late", late))
    }
    monkeypatch.setattr(registry, "claims", lambda: found)
    return ran


def prove(*arguments):
    return CliRunner().invoke(app, ["prove", "--all", *(str(argument) for argument in arguments)])


def test_only_what_did_not_hold_is_run_again(runs, tmp_path):
    out = tmp_path / "deep.json"
    assert prove("--deep", "--json", out, "--resume").exit_code == 1
    assert runs == ["steady", "late"]
    again = prove("--deep", "--json", out, "--resume")
    assert again.exit_code == 0
    assert runs == ["steady", "late", "late"]
    assert "steady: 1 of 1 (shown before)" in again.stdout
    assert [one["name"] for one in json.loads(out.read_text())["claims"]] == ["steady", "late"]


def test_other_sources_show_nothing(runs, tmp_path, monkeypatch):
    out = tmp_path / "deep.json"
    prove("--json", out)
    monkeypatch.setattr(resume, "source_digest", lambda: "another")
    prove("--json", out, "--resume")
    assert runs.count("steady") == 2


def test_shallow_evidence_does_not_stand_in_for_deep(runs, tmp_path):
    out = tmp_path / "deep.json"
    prove("--json", out)
    prove("--json", out, "--deep", "--resume")
    assert runs.count("steady") == 2


def test_a_claim_shown_without_mutants_does_not_stand_in_for_one_with(runs, tmp_path):
    out = tmp_path / "deep.json"
    prove("--json", out)
    prove("--json", out, "--mutants", "--resume")
    assert runs.count("steady") == 3  # again, and its mutant


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"source_sha256": 1}', "\0"])
def test_a_file_that_is_none_of_ours_shows_nothing(runs, tmp_path, text):
    out = tmp_path / "deep.json"
    out.write_text(text)
    prove("--json", out, "--resume")
    assert runs.count("steady") == 1


def test_resume_needs_a_file(runs):
    said = prove("--resume")
    assert said.exit_code == 2
    assert runs == []


def test_the_digest_sees_a_changed_byte_and_a_new_name(tmp_path):
    (tmp_path / "firmware").mkdir()
    one = tmp_path / "firmware" / "one.py"
    one.write_text("A = 1\n")
    first = resume.source_digest(tmp_path)
    one.write_text("A = 2\n")
    second = resume.source_digest(tmp_path)
    one.rename(tmp_path / "firmware" / "two.py")
    assert len({first, second, resume.source_digest(tmp_path)}) == 3
