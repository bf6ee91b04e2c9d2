"""A roll-out: what it goes on from, what it leaves alone, and its record."""

import asyncio
from dataclasses import replace

import pytest

from simulator.files.programme import find_programme, load_programme
from simulator.rollout import record as rec
from simulator.rollout.push import Declined, push
from simulator.rollout.record import RecordProblem, RolloutRecord
from simulator.rollout.report import as_page, as_text
from simulator.rollout.rollout import CONFIRMED, NOT_BEGUN, REVERTED, WAITS, Plan, Release, Rollout
from tools.supply.metrics import read_records
from tools.update_cases import refused
from tools.update_cases.rollout_ward import BEGIN, SlotWard

PLAN = Plan(1, 2, 120)


@pytest.fixture
def ward(request):
    programme = replace(load_programme(find_programme("fluid-bolus")), events=(), faults=())
    made = SlotWard(programme, *request.param)
    yield made
    made.close()


def rollout(ward, path, **other):
    envelopes = {pump.pump_id: refused.NEW.envelope for pump in ward.pumps}
    release = Release(8, refused.NEW.payload, envelopes)
    return Rollout(release, ward.lines(), RolloutRecord(path), ward.now, PLAN, **other)


def run(ward, path, **other):
    return asyncio.run(rollout(ward, path, **other).run())


def events(path):
    return [(one.event, one.pump) for one in read_records(path)]


@pytest.mark.parametrize("ward", [([False, False, True, False], 1)], indirect=True)
def test_stopped_it_stays_stopped_until_the_pump_is_named(ward, tmp_path):
    path = tmp_path / "ward.jsonl"
    ids = [pump.pump_id for pump in ward.pumps]
    first = run(ward, path)
    assert first.states == {ids[0]: CONFIRMED, ids[1]: REVERTED, ids[2]: WAITS, ids[3]: NOT_BEGUN}
    assert f"stopped by {ids[1]}; 1 of 4" in as_text(first)
    assert f"stopped by {ids[1]}; 1 of 4" in as_page(first)
    before = path.read_bytes()
    again = run(ward, path)
    assert (again.states, path.read_bytes()) == ({**first.states, ids[2]: NOT_BEGUN}, before)
    assert again.why[ids[1]] == "its self-test failed"
    ward.run(30_000)
    ward.pumps[1]._fails = False  # its hardware was repaired
    ward.maintain(ward.pumps[1])
    ward.run(10_000)
    done = run(ward, path, again=[ids[1]])
    assert done.states == {**dict.fromkeys(ids, CONFIRMED), ids[2]: WAITS}, as_text(done)
    assert [pump.boots for pump in ward.pumps] == [[7, 8], [7, 8, 7, 8], [7], [7, 8]]


@pytest.mark.parametrize("ward", [([False, True],)], indirect=True)
def test_a_pump_at_which_something_flows_waits_and_is_no_failure(ward, tmp_path):
    path = tmp_path / "ward.jsonl"
    result = run(ward, path)
    ids = [pump.pump_id for pump in ward.pumps]
    assert result.states == {ids[0]: CONFIRMED, ids[1]: WAITS}
    assert not result.stopped and not result.complete and "1 wait" in as_text(result)
    assert ("push", ids[1]) not in events(path)


@pytest.mark.parametrize("ward", [([False],)], indirect=True)
def test_a_push_that_was_broken_off_goes_on(ward, tmp_path):
    (line,) = ward.lines()
    sent = []

    class Broken(Exception):
        pass

    def progress(done, total):
        sent.append(done)
        if done > len(refused.NEW.envelope) + 500:
            raise Broken

    with pytest.raises(Broken):
        asyncio.run(push(line, refused.NEW.envelope, refused.NEW.payload, 8, progress))
    sent.clear()
    asyncio.run(push(line, refused.NEW.envelope, refused.NEW.payload, 8, lambda done, total: sent.append(done)))
    assert sent[0] >= len(refused.NEW.envelope)  # nothing of the envelope is brought again


@pytest.mark.parametrize("ward", [([False],)], indirect=True)
def test_an_envelope_that_the_pump_refuses_is_named_by_its_code(ward, tmp_path):
    (line,) = ward.lines()
    old = refused.image(6, refused.NEW.payload)
    with pytest.raises(Declined, match="code 18"):
        asyncio.run(push(line, old.envelope, old.payload, 6))


def test_a_record_is_no_record_or_was_cut_short(tmp_path):
    path = tmp_path / "ward.jsonl"
    RolloutRecord(path).add(BEGIN, rec.CONFIRM, 8, "9f0ff2064739a3c3")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"kvo":"rollout/1","at"')
    assert RolloutRecord(path).last == {("9f0ff2064739a3c3", 8): rec.CONFIRM}
    assert path.read_bytes() == whole
    for spoilt in (b"[]\n", b"{}\n", b'{"kvo":"rollout/2"}\n', b"\xff\n"):
        path.write_bytes(spoilt)
        with pytest.raises(RecordProblem, match=":1: no record"):
            RolloutRecord(path)


def test_a_record_that_cannot_be_written_says_what_to_do(tmp_path):
    with pytest.raises(RecordProblem, match="goes on from its record"):
        RolloutRecord(tmp_path / "none" / "ward.jsonl").add(BEGIN, rec.PUSH, 8, "9f0ff2064739a3c3")


def test_pumps_without_an_envelope_are_named(tmp_path):
    class Line:
        pump_id = "9f0ff2064739a3c3"

    with pytest.raises(ValueError, match="9f0ff2064739a3c3"):
        Rollout(Release(8, b"", {}), [Line()], RolloutRecord(tmp_path / "w"), lambda: BEGIN)
