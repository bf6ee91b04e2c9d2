"""The page of cells: every fault and cell on it, no script, foreign text stays text."""

from simulator.report.matrix import matrix_page
from tests.report.test_report import BAD, Tags


def _data():
    cell = {"outcome": "unchanged", "over_ul": 1.5, "short_ul": 0.0, "told_ms": {}, "wrong": []}
    bad = {**cell, "outcome": "failed", "told_ms": {"doubt": 200}, "wrong": [BAD]}
    return {
        "states": ["infusing", "paused"], "policies": ["sustain", "kvo"], "figure": BAD,
        "cells": {"relay_open": {"infusing/kvo": bad, "paused/kvo": cell}, "clock_stands": {"infusing/sustain": cell}},
        "places": {"relay_open": "drive", "clock_stands": "clock"}, "bounds": [("slow", 12.0, 30.0)],
    }  # fmt: skip


def test_every_cell_is_there_and_what_differs_is_marked(tmp_path):
    path = matrix_page(_data(), tmp_path / "page.html")
    tags = Tags(path.read_text(encoding="utf-8"))
    cells = [attributes for tag, attributes in tags.tags if tag == "td" and "title" in attributes]
    assert len(cells) == 3
    assert [cell["title"].split(":")[0] for cell in cells if cell.get("class") == "bad"] == ["infusing, kvo"]
    for text in ("relay_open", "clock_stands", "drive", "differ from the matrix", "12.0"):
        assert text in tags.text
    assert tags.scripts == []


def test_foreign_text_stays_text(tmp_path):
    text = matrix_page(_data(), tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in text and "script-src 'none'" in text
