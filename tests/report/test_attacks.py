"""The report of a suite of attacks: page and text say the same, name what stands out, and load nothing."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from simulator.attack import results as rs
from simulator.report.attack_facts import Facts
from simulator.report.attack_story import linked
from simulator.report.attacks import PAGE, TEXT, write
from tests.report.suites import EVIL, suite


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A suite of 60 attacks and 20 controls, its page and its text."""
    folder = tmp_path_factory.mktemp("report") / "deeper"
    results = suite()
    assert write(results, folder) == folder / PAGE
    return results, (folder / PAGE).read_text(encoding="utf-8"), (folder / TEXT).read_text(encoding="utf-8")


class Elements(HTMLParser):
    """Elements of a page, and whether each that was opened was closed in its turn."""

    VOID = ("meta", "br", "input", "line", "circle", "rect", "polyline")

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def of(self, tag, name=""):
        return [attrs for found, attrs in self.found if found == tag and name in (attrs.get("class") or "").split(" ")]


def test_the_page_is_well_formed_and_loads_nothing(made):
    _, page, _ = made
    elements = Elements(page)
    assert elements.open == []
    assert [attrs for tag, attrs in elements.found if "src" in attrs or tag in ("link", "img", "iframe")] == []
    [script] = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'" in page
    assert EVIL not in page and "&lt;script&gt;alert(1)" in page


def test_the_matrix_has_a_row_for_each_attack_and_a_cell_for_each_control_it_needs(made):
    results, page, _ = made
    facts, elements = Facts(results), Elements(page)
    rows = [attrs for attrs in elements.of("tr") if "data-place" in attrs]
    assert len(rows) == 60
    cells = {attrs["title"]: attrs["class"].split() for attrs in elements.of("td", "c")}
    wanted = sum(
        facts.size_with(attack.id, one.name) > 0 or one.name == attack.control
        for attack in results.attacks for one in results.controls
    )  # fmt: skip
    assert len(cells) == wanted
    alone = [title for title, kinds in cells.items() if "n1" in kinds]
    assert sorted(title.split(",")[0] for title in alone) == [
        one.attack for one in sorted(facts.findings, key=lambda one: one.attack) if one.kind == "alone"
    ]
    for attack in results.attacks:
        assert any(title.startswith(f"{attack.id}, {attack.control};") for title in cells)


def test_each_attack_has_its_story_and_plots(made):
    results, page, _ = made
    stories = re.findall(r'<details class="story" id="a-(.*?)">(.*?)(?=<details class="story"|<h2>)', page, re.DOTALL)
    assert [name for name, _ in stories] == [one.id for one in results.attacks]
    facts = Facts(results)
    for name, text in stories:
        assert text.count('class="plot"') == 2 and "the attack begins" in text and f"kvo attack {name}" in text
        assert "The shipped pump" in text and "https://www.cve.org/CVERecord?id=CVE-2016-5085" in text
        for one in facts.sets(name):
            assert " + ".join(f"<code>{control}</code>" for control in one) in text


def test_page_and_text_have_one_headline(made):
    results, page, text = made
    said = Facts(results).headline()
    assert said[0] == "60 attacks, 20 controls." and "60 of 60 fail (2 seeds, 2 homes) and 0 reach the dose" in said[1]
    reach = sum(bool(one.sets) for one in results.minimal)
    assert said[2].startswith(f"With controls taken away, {reach} of 60 reach the dose: ")
    assert said[2].endswith(f"; {60 - reach} with no set of up to 3.")
    legacy = sum(run.verdict == rs.DOSE for run in results.runs if run.profile == "legacy")
    assert said[3] == f"Against a pump of 2012, the legacy profile, {legacy} of 60 reach it."
    for line in said:
        assert line in page and line in text
    assert len([line for line in text.splitlines() if line.startswith("  attack-")]) == 60
    assert max(map(len, text.splitlines())) < 180


def changed(results, **more):
    """The suite with other fields."""
    return replace(results, **more)


def test_what_stands_out_is_said_first():
    results = suite(6)
    through = replace(results.runs[0], verdict=rs.DOSE, reached_dose=True)
    toothless = replace(results.cells[1], local_holds=True)
    results = changed(
        results, runs=(through, *results.runs[1:]), cells=(results.cells[0], toothless, *results.cells[2:]),
        problems=(("attack-x", "home micropython cannot be had"),),
    )  # fmt: skip
    facts = Facts(results)
    found = [(one.kind, one.attack) for one in facts.findings]
    ids = [one.id for one in results.attacks]
    assert found[:2] == [("through", ids[0]), ("problem", "attack-x")] and ("toothless", ids[1]) in found
    assert ("alone", ids[3]) in found and found[-1] == ("needless", "")
    assert "5 of 6 fail" in facts.headline()[1] and facts.headline()[-1] == "1 run came to no verdict."
    assert facts.verdict(ids[0]) == rs.DOSE


def test_a_suite_with_little_in_it_is_a_page_too(tmp_path):
    results = suite(2)
    bare = [replace(run, series=None) for run in results.runs if run.profile == "shipped"]
    write(changed(results, runs=tuple(bare), minimal=(), cells=()), tmp_path)
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "were not looked for" in page and 'class="plot"' not in page and "2012, the legacy" not in page
    assert "Nothing stands out" in page and Elements(page).open == []
    write(rs.Suite((), (), ()), tmp_path / "none")
    assert "0 attacks, 0 controls." in (tmp_path / "none" / TEXT).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "text", "end"),
    [
        ("cwe", "CWE-294", "definitions/294.html"),
        ("emb3d", "TID-221", "threats/TID-221.html"),
        ("attack", "T0843.001", "techniques/T0843/001/"),
        ("advisory", "ICSA-15-161-01", "ics-advisories/icsa-15-161-01"),
        ("advisory", "ICSMA-16-279-01", "ics-medical-advisories/icsma-16-279-01"),
    ],
)
def test_references_lead_to_where_they_are_published(kind, text, end):
    assert f'{end}" rel="noreferrer">{text}</a>' in linked(kind, text)


def test_a_reference_that_is_known_nowhere_is_text():
    assert linked("advisory", 'mosquitto issue "3551"') == "mosquitto issue &quot;3551&quot;"
