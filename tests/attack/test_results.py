"""What is kept of a suite comes back as it was, and what is no suite is refused in a line."""

import json

import pytest

from simulator.attack import results as rs
from simulator.files.yaml_source import FileProblem


def suite():
    """A small suite with one of everything."""
    told = rs.PropertyResult("p", "security", "says", "always x < 1", False, True, 1.0, "mL", None)
    dose = rs.Dose(1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 60.0, 0.02, False)
    series = rs.Series([1.0], [0.1], [0.1], [0.1], [0.1])
    run = rs.AttackRun(
        "a", "cpython", 0, "shipped", (), rs.BLOCKED, False, True, (told,), dose, [{"time_s": 1.0}], {"trust": "00"},
        60.0, 0.1, series,
    )  # fmt: skip
    attack = rs.AttackSaid(
        "a", "t", "s", ("network",), "request-mac", "p", {"cve": []}, "norepinephrine-8h", "norepinephrine", "sustain",
        480.0, 60.0,
    )  # fmt: skip
    return rs.Suite(
        (rs.ControlSaid("request-mac", "says", "where", "judging"),), (attack,), (run,),
        (rs.MinimalSets("a", 0, (("request-mac",),), 3, "", 4, ("slot-exactness",)),),
        (rs.Cell("a", ("request-mac",), rs.DOSE, True, False, 0.1),), (("b", "why"),),
        {"legacy": ("request-mac",)}, 1.0,
    )  # fmt: skip


def test_a_kept_suite_is_the_same(tmp_path):
    path = tmp_path / "suite.json"
    path.write_text(json.dumps(suite().json()))
    assert rs.load_suite(path) == suite()
    assert rs.load_suite(path).run_of("a", seed=0) is not None
    assert rs.load_suite(path).run_of("a", "legacy") is None


@pytest.mark.parametrize("text", ("", "[]", "{}", '{"kvo": "attack-results/0"}', '{"kvo": "attack-results/1"}'))
def test_what_is_no_suite_is_refused_in_a_line(text, tmp_path):
    path = tmp_path / "suite.json"
    path.write_text(text)
    with pytest.raises(FileProblem, match="no results of attacks"):
        rs.load_suite(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileProblem, match="cannot be read"):
        rs.load_suite(tmp_path / "none.json")
