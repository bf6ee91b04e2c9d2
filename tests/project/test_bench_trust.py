"""`kvo bench trust` measures what it says: codes are checked, what is missing is left out, ticks are counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.homes.base import HomeError
from simulator.site.files import SiteError
from tools import bench_trust
from tools.device import verify_rate


def test_requests_are_verified_and_counted_by_kind() -> None:
    rate = verify_rate.Rate(say=lambda line: None, passes=2)
    steps = 1
    while rate.step():
        steps += 1
    assert steps == 6
    assert [len(rate.found[kind]) for kind in ("accepted", "refused", "first")] == [2, 2, 2]


def test_a_path_that_takes_what_it_should_refuse_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    rate = verify_rate.Rate(say=lambda line: None, passes=1)
    monkeypatch.setattr(rate, "_judge", lambda message: 0)
    with pytest.raises(RuntimeError, match="expected"):
        while rate.step():
            pass


def test_therapy_answers_within_two_ticks_also_of_a_key_that_is_new() -> None:
    ticks = bench_trust.therapy_ticks()
    assert 0 < ticks["known key"] <= bench_trust.AIM_TICKS
    assert 0 < ticks["new key"] <= bench_trust.AIM_TICKS


def test_what_is_not_to_be_had_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent() -> Any:
        raise HomeError("home nowhere: there is none")

    async def no_broker(rounds: int, advance: Any) -> Any:
        raise SiteError("Mosquitto is not installed; 'make deps'")

    monkeypatch.setattr(bench_trust, "HOMES", {"cpython": bench_trust.on_cpython, "nowhere": absent})
    monkeypatch.setattr(bench_trust, "round_trips", no_broker)
    bench_trust.trust(tmp_path / "trust.json", 10)
    said = capsys.readouterr()
    assert "home cpython: requests verified a second" in said.out
    assert "home nowhere: left out: there is none" in said.err
    assert "round trips: left out: Mosquitto" in said.err
    data = json.loads((tmp_path / "trust.json").read_text())
    assert data["round_trips"] is None
    assert data["homes"][0]["per_s"]["accepted"]["median"] > 0


def test_ratios_are_of_each_round_to_its_own() -> None:
    told = bench_trust._judged({
        "bare": [1.0, 2.0, 4.0], "accept": [2.0, 4.0, 8.0], "refuse": [3.0, 6.0, 12.0]
    })  # fmt: skip
    assert told["accept"]["ratio"] == {"median": 2.0, "q1": 2.0, "q3": 2.0}
    assert told["refuse"]["ratio"]["median"] == 3.0
    assert told["bare"]["ms"]["median"] == 2.0
