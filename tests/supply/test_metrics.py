"""`kvo patch metrics`: shares and times by hand-written records, and lines that are none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.command import kvo
from tools.supply.metrics import measure, median, read_records
from tools.supply.problem import SupplyProblem

A, B, C, D = (letter * 16 for letter in "abcd")
LINES: list[dict[str, Any]] = [
    {"at": "2026-10-01T00:00:00Z", "event": "release", "number": 6, "support_end": "2026-11-01"},
    {"at": "2026-10-02T00:00:00Z", "event": "pump", "pump": A, "number": 6},
    {"at": "2026-10-02T00:00:00Z", "event": "pump", "pump": B, "number": 6},
    {"at": "2026-10-02T00:00:00Z", "event": "pump", "pump": C, "number": 6, "support_end": "2030-01-01"},
    {"at": "2026-10-02T00:00:00Z", "event": "pump", "pump": D, "number": 5},
    {"at": "2026-11-02T00:00:00Z", "event": "release", "number": 7, "support_end": "2029-12-31"},
    {"at": "2026-11-03T08:00:00Z", "event": "push", "pump": A, "number": 7},
    {"at": "2026-11-03T08:00:00Z", "event": "push", "pump": B, "number": 7},
    {"at": "2026-11-03T09:00:00Z", "event": "install", "pump": A, "number": 7},
    {"at": "2026-11-03T10:00:00+00:00", "event": "confirm", "pump": A, "number": 7, "digest": "5f"},
    {"at": "2026-11-03T11:00:00Z", "event": "install", "pump": B, "number": 7},
    {"at": "2026-11-03T12:00:00Z", "event": "revert", "pump": B, "number": 7, "reason": "self-test <2>"},
    {"at": "2026-11-03T13:00:00Z", "event": "retire", "pump": D},
]


def written(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps({"kvo": "rollout/1", **one}) for one in lines) + "\n\n", encoding="utf-8")
    return path


def test_a_ward_is_measured_against_its_newest_release(tmp_path: Path) -> None:
    found = measure(read_records(written(tmp_path / "ward.jsonl", LINES)), datetime(2026, 11, 10, tzinfo=UTC))
    assert (found.newest, len(found.pumps), [one.name for one in found.patched]) == (7, 3, [A])
    assert found.hours_to_patch == [34.0] and found.hours_to_deploy == [2.0]
    assert [one.state for one in found.pumps] == ["patched", "reverted: self-test <2>", "not pushed"]
    # B and C run release 6, whose support has ended; A runs release 7.
    assert [one.name for one in found.past_support] == [B, C]
    assert found.support_unknown == []


def test_the_past_is_measured_as_it_was_known_then(tmp_path: Path) -> None:
    events = read_records(written(tmp_path / "ward.jsonl", LINES))
    before = measure(events, datetime(2026, 10, 15, tzinfo=UTC))
    assert (before.newest, before.share, len(before.past_support)) == (6, 0.75, 0)
    assert [one.name for one in before.support_unknown] == [D]
    assert median(before.hours_to_patch) is None
    nothing = measure(events, datetime(2020, 1, 1, tzinfo=UTC))
    assert (nothing.newest, nothing.share) == (-1, None)


def test_the_command_says_it_as_table_page_and_json(tmp_path: Path) -> None:
    ward = written(tmp_path / "ward.jsonl", LINES)
    page, data = tmp_path / "ward.html", tmp_path / "ward.json"
    said = kvo("patch", "metrics", ward, "--at", "2026-11-10", "--out", page, "--json", data)
    assert said.exit_code == 0 and "1 of 3 pumps patched: 33%" in said.stdout
    assert "self-test &lt;2&gt;" in page.read_text(encoding="utf-8")
    told = json.loads(data.read_text(encoding="utf-8"))
    assert (told["patched"], told["pumps"], told["hours_to_deploy"]["median"]) == (1, 3, 2.0)
    assert told["past_end_of_support"] == [B, C]


@pytest.mark.parametrize(("line", "why"), [
    ({"kvo": "other"}, "'kvo' is not"), ({"at": "2026-11-03T08:00:00"}, "no offset"), ({"at": "soon"}, "Invalid"),
    ({"event": "pushed"}, "none of release"), ({"pump": "x"}, "16 hex"), ({"number": True}, "sequence number"),
    ({"number": -1}, "sequence number"), ({"support_end": "never"}, "Invalid"),
])  # fmt: skip
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: dict[str, Any], why: str) -> None:
    good = {"at": "2026-11-03T08:00:00Z", "event": "push", "pump": A, "number": 7}
    path = written(tmp_path / "ward.jsonl", [good, good | line])
    with pytest.raises(SupplyProblem, match=rf"ward\.jsonl:2: .*{why}"):
        read_records(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "a roll-out writes" in kvo("patch", "metrics", tmp_path / "no.jsonl").stderr
