"""Messages out of a stream that nobody vouches for, and facts that no flood crowds out."""

import random

from firmware.trust import facts as f
from firmware.trust import reader as rd
from firmware.trust.facts import ACKS, COUNTER_BITS, Facts
from firmware.trust.reader import QUIET_MS, Reader
from firmware.trust.ring import Ring
from simulator.trust_client import Reader as FactReader
from simulator.trust_client import framed, make_record, open_fact

MOST = 64


def put(ring, data):
    assert ring.put(data, len(data)) == len(data)


def read_all(reader, ring, now_ms=0, most=256):
    found = []
    while True:
        came = reader.take(ring, now_ms, most)
        if came == rd.WAITS:
            return found
        if came == rd.MESSAGE:
            found.append(reader.message())
            reader.next()
        else:
            found.append(came)


def test_messages_come_out_as_they_went_in_however_they_are_cut():
    source = random.Random(1)
    for _ in range(200):
        messages = [source.randbytes(source.randint(1, MOST)) for _ in range(4)]
        stream = b"".join(map(framed, messages))
        ring, reader, found = Ring(1024), Reader(MOST, 0), []
        while stream:
            count = source.randint(1, 40)
            put(ring, stream[:count])
            stream = stream[count:]
            found += read_all(reader, ring, most=source.choice((1, 7, 256)))
        found += read_all(reader, ring)
        while ring.waiting():
            found += read_all(reader, ring)
        assert found == messages


def test_too_long_a_message_is_let_pass_by_and_the_next_is_read():
    ring, reader = Ring(1024), Reader(MOST, 0)
    put(ring, framed(bytes(MOST + 1)) + framed(b"") + framed(b"good"))
    assert read_all(reader, ring) == [rd.TOO_LONG, rd.EMPTY, b"good"]


def test_what_stops_half_way_is_given_up_and_the_next_is_read():
    ring, reader = Ring(1024), Reader(MOST, 0)
    for broken in (framed(b"broken off")[:5], b"\x00", b"\xff\xff then nothing"):
        put(ring, broken)
        first = read_all(reader, ring, 0)
        assert first in ([], [rd.TOO_LONG])
        assert read_all(reader, ring, QUIET_MS - 1) == []
        assert read_all(reader, ring, QUIET_MS) in ([rd.BROKEN_OFF], [])
        put(ring, framed(b"good"))
        assert read_all(reader, ring, QUIET_MS + 1) == [b"good"]
        assert read_all(reader, ring, 10 * QUIET_MS) == []


def test_a_wrecked_ring_makes_no_message():
    class Wrecked(Ring):
        def take(self, into):
            return 10_000

    assert Reader(MOST, 0).take(Wrecked(64), 0, 256) == rd.WAITS


def speaking(boot=3):
    record = make_record(1)
    facts = Facts()
    facts.begin(key_of(record), record.pump_id, boot)
    return facts, record


def key_of(record):
    from firmware.trust.keyring import Keyring

    return Keyring(record).facts()


def test_facts_are_vouched_for_and_their_counter_rises_over_boots():
    facts, record = speaking(3)
    facts.add(f.STATUS, {1: 4})
    first = open_fact(facts.next(17), record)
    assert (first.kind, first.pump_s, first.body) == (f.STATUS, 17, {1: 4})
    assert first.counter == (3 << COUNTER_BITS) + 1
    facts.begin(key_of(record), record.pump_id, 4)
    facts.add(f.STATUS, {1: 4})
    assert open_fact(facts.next(0), record).counter > first.counter
    assert open_fact(b"nonsense", record) is None
    facts.add(f.ALARMS, {})
    assert open_fact(facts.next(0), make_record(2)) is None


def test_of_each_kind_the_newest_waits_and_answers_are_bounded():
    facts, record = speaking()
    for number in range(100):
        facts.add(f.STATUS, {1: number})
        facts.add(f.ALARMS, {1: number})
        facts.add(f.ACK, {1: number})
    assert facts.lost == 100 - ACKS
    said = [open_fact(facts.next(0), record) for _ in range(ACKS + 2)]
    assert facts.next(0) == b""
    assert said[0].kind == f.ALARMS and said[0].body == {1: 99}
    assert [fact.body[1] for fact in said if fact.kind == f.ACK] == list(range(ACKS))
    assert [fact.body[1] for fact in said if fact.kind == f.STATUS] == [99]
    assert said[0].counter > 100 - ACKS  # the gap shows


def test_a_flood_of_answers_starves_nothing():
    facts, record = speaking()
    kinds = []
    for number in range(60):
        facts.add(f.ACK, {1: number})
        facts.add(f.ACK, {1: number})
        facts.add(f.STATUS, {1: number})
        if number == 30:
            facts.add(f.ALARMS, {1: 1})
        kinds.append(open_fact(facts.next(0), record).kind)
    assert kinds[30] == f.ALARMS
    assert kinds.count(f.STATUS) >= 29


def test_without_a_key_nothing_is_said():
    facts, _ = speaking()
    facts.add(f.STATUS, {})
    facts.end()
    facts.add(f.STATUS, {})
    assert facts.next(0) == b""


def test_the_reader_of_facts_sees_gaps_and_refuses_what_is_old():
    facts, record = speaking()
    sent = b""
    made = []
    for number in range(3):
        facts.add(f.STATUS, {1: number})
        made.append(facts.next(0))
    reader = FactReader(record)
    sent += framed(made[0]) + framed(made[2])
    assert len(reader.read(sent)) == 2 and reader.gaps == 1
    sent += framed(made[1]) + framed(made[2])
    assert reader.read(sent) == [] and reader.refused == 2
