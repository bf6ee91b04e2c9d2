"""docs/states.md shows the tables as they are."""

from pathlib import Path

import pytest

from simulator.machines import DELIVERY, TRUST
from tools import charts

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_in_the_docs_is_current():
    assert charts.check(DOCS) == [], "run `kvo chart` and commit the result"


def test_a_page_of_other_tables_is_stale(tmp_path):
    [page, *_] = charts.write(tmp_path, pictures=False)
    assert charts.check(tmp_path) == []
    page.write_text(page.read_text(encoding="utf-8").replace("resume [safe]", "resume"), encoding="utf-8")
    assert charts.check(tmp_path) == [page]


def test_a_missing_page_is_stale(tmp_path):
    assert charts.check(tmp_path) == [tmp_path / charts.PAGE]


@pytest.mark.parametrize("table", [DELIVERY, TRUST], ids=["delivery", "trust"])
def test_every_row_is_in_the_chart(table):
    text = charts.mermaid(table)
    for row in table:
        arrow = f"{table.states[row.source]} --> {table.states[row.destination]}: "
        [line] = [line for line in text.splitlines() if arrow in line]
        label = table.events[row.event]
        if row.guard:
            label += f" [{' & '.join(table.guard_names(row.guard))}]"
        assert label in line.split(": ", 1)[1].split(" | ")


@pytest.mark.parametrize("table", [DELIVERY, TRUST], ids=["delivery", "trust"])
def test_graphviz_text_has_one_arrow_for_each_pair(table):
    arrows = [line.split(" [")[0] for line in charts.dot(table).splitlines() if "->" in line]
    assert len(arrows) == len(set(arrows)) == len({(row.source, row.destination) for row in table})
