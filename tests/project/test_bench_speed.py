"""`kvo bench speed` measures a run and says on what machine."""

import json

from simulator.files.programme import shipped_programmes
from tools import bench_speed


def test_a_home_is_measured(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench_speed, "HOMES", ("cpython", "nowhere"))
    out = tmp_path / "speed.json"
    bench_speed.speed(out, "fluid-bolus")
    said = capsys.readouterr()
    assert "home cpython: " in said.out
    assert "home nowhere: left out" in said.err
    data = json.loads(out.read_text(encoding="utf-8"))
    assert [one["home"] for one in data["homes"]] == ["cpython"]
    one = data["homes"][0]
    assert one["simulated_per_wall"] > 0
    assert set(one["trace_sha256"]) == {"therapy", "trust"}
    assert data["machine"]["cores"] >= 1


def test_the_programme_that_is_measured_is_shipped():
    assert bench_speed.PROGRAMME in shipped_programmes()
