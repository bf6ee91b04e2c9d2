"""The docs say what is there: claims are listed, links lead somewhere, named claims exist."""

import re
from pathlib import Path

import pytest

from tools import claims_doc, update_refusals_doc
from tools.claims.registry import claims

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def test_the_list_of_claims_is_current():
    assert claims_doc.check(ROOT / "docs"), "run `python -m tools.claims_doc` and commit docs/claims.md"


def test_the_table_of_refused_updates_is_current():
    assert update_refusals_doc.check(ROOT / "docs"), "run `python -m tools.update_refusals_doc` and commit its page"


def test_a_missing_list_is_noticed_and_written(tmp_path):
    assert not claims_doc.check(tmp_path)
    assert claims_doc.write(tmp_path).read_text(encoding="utf-8").startswith("# Claims")
    assert claims_doc.check(tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_claims_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    known = claims()
    named = re.findall(r"kvo prove ([a-z][a-z-]+[a-z])", text)
    for run in re.findall(r"\*[Cc]laims?\* ((?:`[a-z-]+`(?:, )?)+)", text.replace("\n", " ")):
        named += re.findall(r"`([a-z-]+)`", run)
    assert [name for name in named if name not in known] == []


def test_the_example_of_the_bench_runs(capsys):
    text = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(import asyncio.*?)```", text, re.DOTALL)
    exec(compile(example, "docs/simulator.md", "exec"), {})
    assert abs(float(capsys.readouterr().out)) < 5
