"""A campaign of the fuzzer goes on where it was broken off, and a sample of inputs is measured."""

import json

import pytest

from tools.fuzz import campaign
from tools.fuzz.campaign import SLICE, Campaign
from tools.fuzz.measure import Found, Sampler
from tools.fuzz.run import Result


class Fuzzer:
    """Stands in for the real one: takes no time, and ends the run it is told to."""

    def __init__(self, ends_at=None, found=None):
        self.seeds = []
        self._ends_at = ends_at
        self._found = found

    def __call__(self, target, runs, seed, keep):
        self.seeds.append((target, seed))
        if self._ends_at is not None and len(self.seeds) > self._ends_at:
            raise RuntimeError("broken off")
        return Result(runs, 0.5, self._found, "")


def run(folder, fuzzer, monkeypatch, **goals):
    monkeypatch.setattr(campaign, "fuzz", fuzzer)
    one = Campaign(folder)
    said = []
    found = one.run(goals, jobs=1, report=lambda done, total: said.append((done, total)))
    return one, found, said


def test_it_tries_as_many_as_are_asked_for(tmp_path, monkeypatch):
    goal = 2 * SLICE["cbor"] + 7
    fuzzer = Fuzzer()
    one, found, said = run(tmp_path, fuzzer, monkeypatch, cbor=goal, ccm=5)
    assert found is None
    assert (one.tried["cbor"].inputs, one.tried["cbor"].slices, one.tried["ccm"].inputs) == (goal, 3, 5)
    assert one.tried["cbor"].a_second == round(goal / 1.5)
    assert sorted(fuzzer.seeds) == [("cbor", 1), ("cbor", 2), ("cbor", 3), ("ccm", 1)]
    assert said[0] == (0, goal + 5) and said[-1] == (goal + 5, goal + 5)


def test_broken_off_it_goes_on(tmp_path, monkeypatch):
    goal = 3 * SLICE["mqtt"]
    with pytest.raises(RuntimeError):
        run(tmp_path, Fuzzer(ends_at=1), monkeypatch, mqtt=goal)
    second = Fuzzer()
    one, _, said = run(tmp_path, second, monkeypatch, mqtt=goal)
    assert said[0] == (SLICE["mqtt"], goal)
    assert second.seeds == [("mqtt", 2), ("mqtt", 3)] and one.tried["mqtt"].inputs == goal
    third = Fuzzer()
    run(tmp_path, third, monkeypatch, mqtt=goal)
    assert third.seeds == []


@pytest.mark.parametrize("kept", ["", "{}", "[]", '{"source_sha256": "other", "targets": {}}', "\x00"])
def test_what_was_tried_of_other_sources_does_not_count(tmp_path, monkeypatch, kept):
    run(tmp_path, Fuzzer(), monkeypatch, ccm=9)
    (tmp_path / "tried.json").write_text(kept)
    assert Campaign(tmp_path).tried == {}


def test_what_is_kept_is_said_of_these_sources(tmp_path, monkeypatch):
    run(tmp_path, Fuzzer(), monkeypatch, ccm=9)
    kept = json.loads((tmp_path / "tried.json").read_text())
    assert kept["targets"] == {"ccm": {"inputs": 9, "slices": 1, "seconds": 0.5}}
    assert Campaign(tmp_path).tried["ccm"].inputs == 9


def test_what_is_found_ends_it(tmp_path, monkeypatch):
    fuzzer = Fuzzer(found=b"\x01")
    _, found, _ = run(tmp_path, fuzzer, monkeypatch, ccm=10 * SLICE["ccm"])
    assert (found[0], found[1].found, len(fuzzer.seeds)) == ("ccm", b"\x01", 1)


def test_memory_is_measured_of_one_input_in_so_many():
    sampler = Sampler(memory_every=3, lines_every=100)
    work = [sampler.run(lambda: bytearray(1000), lambda: 100_000) for _ in range(3)]
    assert len(work) == 3
    with pytest.raises(Found, match="bytes of memory"):
        for _ in range(3):
            sampler.run(lambda: bytearray(1_000_000), lambda: 100_000)


def test_lines_of_the_firmware_are_counted_and_others_are_not():
    from firmware.trust.cbor import encode

    sampler = Sampler(memory_every=1000, lines_every=1000)
    sampler.run(lambda: encode([1] * 20), lambda: 1 << 20, lambda: 2000)
    assert 100 < sampler.most_lines < 2000
    with pytest.raises(Found, match="lines executed"):
        Sampler(1000, 1000).run(lambda: encode([1] * 20), lambda: 1 << 20, lambda: 100)
    quiet = Sampler(1000, 1000)
    quiet.run(lambda: sum(range(1000)), lambda: 1 << 20, lambda: 0)
    assert quiet.most_lines == 0
