"""The trace: golden bytes, what counts as a change, and reading kept bytes back."""

import hashlib

import pytest

from hal import ports
from simulator.trace import Trace, decode_therapy, decode_trust

THERAPY_HEADER = bytes.fromhex("4b564f54 0100 0100")
TRUST_HEADER = bytes.fromhex("4b564f54 0100 0200")


@pytest.fixture
def pump():
    drive, status = ports.Drive(), ports.Status()
    drive.step_rate_mhz, drive.step_end, drive.enable, drive.relay = -1000, 77, 1, 1
    status.delivery, status.therapy_alarms, status.segment, status.bolus = 9, 1 << 24, 2, 6
    status.commanded_ul, status.commanded_rest, status.delivered_ul = 1_000_000_000, 3_599_999, -1
    status.trust, status.trust_alarms = 3, 8
    return drive, status


def test_the_bytes_are_golden(pump):
    trace = Trace(keep=True)
    trace.observe(100, *pump)
    therapy = bytes.fromhex(
        "6400000000000000 e8030000 ffffffff 01000000 01000000 09000000 00000001"
        "00ca9a3b 7fee3600 ffffffff 02000000 06000000"
    )
    assert bytes(trace.therapy) == THERAPY_HEADER + therapy
    assert bytes(trace.trust) == TRUST_HEADER + bytes.fromhex("6400000000000000 03000000 08000000")
    assert trace.digest() == {
        "therapy": hashlib.sha256(trace.therapy).hexdigest(),
        "trust": hashlib.sha256(trace.trust).hexdigest(),
    }
    both = hashlib.sha256(trace.therapy).digest() + hashlib.sha256(trace.trust).digest()
    assert trace.sha256 == hashlib.sha256(both).hexdigest()


def times(trace):
    therapy, trust = decode_therapy(trace.therapy), decode_trust(trace.trust)
    return [record.t_ms for record in therapy], [record.t_ms for record in trust]


def test_a_volume_or_a_lease_is_no_change(pump):
    drive, status = pump
    trace = Trace(keep=True)
    for ms in range(100, 900, 100):
        drive.step_end += 5
        status.commanded_ul += 1
        status.delivered_ul += 1
        trace.observe(ms, drive, status)
    assert times(trace) == ([100], [100])


@pytest.mark.parametrize("name", ["step_rate_mhz", "enable", "relay"])
def test_a_change_of_the_drive_is_written_at_once(pump, name):
    trace = Trace(keep=True)
    trace.observe(100, *pump)
    setattr(pump[0], name, getattr(pump[0], name) + 1)
    trace.observe(200, *pump)
    assert times(trace) == ([100, 200], [100])


@pytest.mark.parametrize("name", ["delivery", "therapy_alarms", "segment", "bolus"])
def test_a_change_of_therapy_is_written_to_its_stream_alone(pump, name):
    trace = Trace(keep=True)
    trace.observe(100, *pump)
    setattr(pump[1], name, getattr(pump[1], name) + 1)
    trace.observe(200, *pump)
    assert times(trace) == ([100, 200], [100])


@pytest.mark.parametrize("name", ["trust", "trust_alarms"])
def test_a_change_of_trust_is_written_to_its_stream_alone(pump, name):
    trace = Trace(keep=True)
    trace.observe(100, *pump)
    setattr(pump[1], name, getattr(pump[1], name) + 1)
    trace.observe(200, *pump)
    assert times(trace) == ([100], [100, 200])


def test_each_full_second_is_written_though_no_tick_falls_on_it(pump):
    trace = Trace(keep=True)
    for ms in (900, 1000, 1100, 1945, 2045, 2145, 3000):
        trace.observe(ms, *pump)
    assert times(trace) == ([900, 1000, 2045, 3000], [900, 1000, 2045, 3000])


def test_what_is_not_kept_hashes_the_same(pump):
    kept, hashed = Trace(keep=True), Trace()
    for ms in range(100, 5000, 100):
        pump[1].segment = ms // 700
        kept.observe(ms, *pump)
        hashed.observe(ms, *pump)
    assert kept.digest() == hashed.digest()
    assert hashed.therapy is None


@pytest.mark.parametrize("data", [b"", TRUST_HEADER, THERAPY_HEADER + b"x", b"KVOT\x02\x00\x01\x00"])
def test_other_bytes_are_refused(data):
    with pytest.raises(ValueError, match="trace stream"):
        decode_therapy(data)
