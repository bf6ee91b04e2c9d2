"""The findings' lists that claim `ablation` reads, and what claim `attacks` calls wrong."""

from dataclasses import replace

from simulator.attack import results as rs
from tests.attack.test_results import suite
from tools.claims.ablation import FINDINGS, SINGLE, UNNEEDED, listed, misnamed, unargued
from tools.claims.attacks import found_wrong

TEXT = f"""# Findings

{SINGLE}

- `request-mac`: because. `a`,
  `b`.
- `counter`: `c`.

{UNNEEDED}

- `lease`: none yet.

## Else

- `no-list`: of ours.
"""


def test_lists_are_read():
    assert listed(SINGLE, TEXT) == {"request-mac": {"a", "b"}, "counter": {"c"}}
    assert listed(UNNEEDED, TEXT) == {"lease": set()}
    assert listed("## None", TEXT) == {}


def test_a_control_that_stands_alone_must_be_argued_with_its_attack():
    sets = [rs.MinimalSets("c", 0, (("request-mac",), ("counter",), ("lease", "guardian")), 3, "", 1)]
    assert [line.split()[0] for line in unargued(sets, TEXT)] == ["request-mac"]


def test_names_must_be_right_both_ways():
    wrong = misnamed({"lease"}, TEXT, {"a": "", "b": ""})
    assert "an attack needs lease; docs/findings.md says none does" in wrong
    assert "docs/findings.md names c, which is no attack" in wrong
    assert any("no attack needs guardian" in line for line in wrong)


def test_the_findings_have_both_lists():
    text = FINDINGS.read_text(encoding="utf-8")
    assert listed(SINGLE, text)
    assert listed(UNNEEDED, text)


def test_what_gets_through_and_what_breaks_off_is_wrong():
    good = suite()
    assert found_wrong(replace(good, problems=())) == []
    assert len(found_wrong(good)) == 1
    run = replace(good.runs[0], verdict=rs.BITES)
    elsewhere = replace(good.runs[0], home="micropython", trace_sha256={"trust": "01"})
    assert len(found_wrong(replace(good, runs=(run, elsewhere), problems=()))) == 2
    off = replace(good.runs[0], dose=replace(good.runs[0].dose, dose_error_pct=-6.0))
    assert "of the prescription" in found_wrong(replace(good, runs=(off,), problems=()))[0]
