"""The audit as the gatekeeper keeps it: over stores that fail, cuts, reboots and floods, and as it is handed out."""

import pytest

from firmware.comms.mqtt import Mqtt
from firmware.comms.raw import RawComms
from firmware.main import LEAST_AUDIT, audit_for, comms_for, gatekeeper_for
from firmware.therapy import tables as t
from firmware.trust import audit as kinds
from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.audit import Audit
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.noting import BURST, EVERY_S, Allowance
from firmware.trust.unaudited import Unaudited
from hal import ports
from hal.host.files import HostEntropy
from simulator import audit
from simulator.asked import BIOMED, NOW_S, NURSE, AskedPump, board_of, people
from simulator.audit_records import LAYOUTS, decode
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.trust_client import make_record
from tools.claims.forgery_scene import infusing
from tools.claims.setups import open_library

A, B = ports.AREA_AUDIT_A, ports.AREA_AUDIT_B
RECORD = make_record(1, people())


def entries(pump):
    heads = [(fact.body[1], fact.body[2]) for fact in pump.reader.facts if fact.kind == f.HEAD]
    log = audit.verify(audit.read_log(pump.board.store), audit.first_key(pump.record), heads=heads)
    assert log.findings == []
    return [decode(record) for record in log.records]


def kinds_of(pump):
    return [entry.kind for entry in entries(pump)]


@pytest.fixture
def pump():
    one = AskedPump(RECORD, open_library())
    one.run(2_000)
    return one


def of_size(size, record=RECORD):
    """A pump whose audit areas have so many bytes."""
    board = board_of(record, open_library())
    flash = SimFlash(VirtualClock(), audit_bytes=size)
    for area in (ports.AREA_LIBRARY, ports.AREA_KEYS_A, ports.AREA_KEYS_B):
        into = bytearray(flash.size(area))
        board.store.read(area, 0, into)
        flash.load(area, bytes(into))
    board.store = flash
    return AskedPump(record, board=board)


# Boots.


def test_each_boot_goes_on_where_the_chain_was(pump):
    for boot in (2, 3):
        pump.reboot()
        pump.run(3_000)
        told = [entry.values["count"] for entry in entries(pump) if entry.kind == kinds.AUDIT_BOOT]
        assert told == list(range(1, boot + 1))


def test_a_board_without_a_place_for_an_audit_works_and_says_that_there_is_none():
    one = of_size(LEAST_AUDIT - 1)
    assert isinstance(one.gatekeeper.audit, Unaudited)
    assert one.ask(NURSE, r.KIND_STATUS) == v.OK
    assert one.ask(BIOMED, r.KIND_AUDIT, {1: 0}) == v.REFUSED_STATE
    one.run(20_000)
    assert one.reader.last(f.HEAD) is None
    assert audit_for(one.board.store) is None


def test_an_unprovisioned_pump_keeps_no_audit():
    board = board_of(None, open_library())
    assert not hasattr(gatekeeper_for(board), "audit")
    assert audit.read_log(board.store) == []


def test_no_chain_is_begun_while_anything_flows():
    one = infusing()
    noting = one.gatekeeper.audit
    number = noting.head()[0]
    noting._first_key = bytes(32)
    one.run(5_000)
    assert noting.head()[0] == number
    one.press(ports.KEY_STOP)
    one.run(5_000)
    assert noting._first_key == b""


# What is broken.


def spoil(pump):
    """Change one stored record, its checksum mended, as somebody who writes flash would."""
    from tools.claims.audit import mended

    log = audit.read_log(pump.board.store)
    area = pump.gatekeeper.audit._audit.chain.area
    place = bytes(pump.board.store._areas[area]).index(log[0])
    changed = mended(log[0][:44] + bytes([log[0][44] ^ 1]) + log[0][45:])
    pump.board.store._areas[area][place : place + len(changed)] = changed


def test_a_chain_that_was_changed_isolates_once_and_does_not_loop():
    one = of_size(4_096)
    one.log_in(NURSE)
    spoil(one)
    one.run(60_000)
    assert one.status.trust == t.TR_ISOLATED
    broken = [frame for frame in audit.read_log(one.board.store) if frame[1] == kinds.AUDIT_BROKEN]
    assert len(broken) == 1
    one.controller.trust.force(t.TR_NORMAL)
    one.controller._show_trust(t.TR_NORMAL)
    one.run(120_000)
    assert one.status.trust == t.TR_NORMAL
    count = len(audit.read_log(one.board.store))
    one.run(120_000)
    assert len(audit.read_log(one.board.store)) == count
    one.reboot()
    one.run(120_000)
    assert one.status.trust == t.TR_ISOLATED


def test_a_store_that_does_not_answer_is_no_evidence_and_its_records_wait():
    one = of_size(4_096)
    one.board.store.rc = ports.ERR_FAILED
    one.log_in(NURSE)
    one.run(60_000)
    assert one.status.trust == t.TR_NORMAL
    one.board.store.rc = ports.OK
    one.run(30_000)
    assert kinds.AUDIT_LOGIN in kinds_of(one)


def test_a_store_that_refuses_is_not_tried_in_each_turn():
    one = of_size(4_096)
    store = one.board.store
    store.write_rc = ports.ERR_FAILED
    tried = []
    write = store.write
    store.write = lambda area, offset, data: tried.append(area) or write(area, offset, data)
    one.log_in(NURSE)
    one.run(60_000)
    assert 0 < len([area for area in tried if area in (A, B)]) < 40


def test_what_finds_no_room_is_counted_and_told():
    one = of_size(4_096)
    one.board.store.write_rc = ports.ERR_FAILED
    for number in range(1, 20):
        one.gatekeeper.audit.login(1, number)
    one.run(1_000)
    one.board.store.write_rc = ports.OK
    one.run(20_000)
    assert kinds.AUDIT_LOST in kinds_of(one)


# Floods and wear.


def test_an_allowance_counts_what_it_passes_over():
    allowance = Allowance()
    taken = [second for second in range(3 * EVERY_S + 1) if allowance.take(second)]
    assert taken == [*range(BURST), EVERY_S, 2 * EVERY_S, 3 * EVERY_S]
    allowance.passed = 70_000
    assert allowance.times() == 0xFFFF
    assert allowance.times() == 1


def test_an_area_is_erased_once_in_seventy_records():
    store = SimFlash(VirtualClock())
    log = Audit(store)
    log.chain.begin(bytes(32))
    begun = store.erases
    for _ in range(2_000):
        log.note(kinds.AUDIT_REQUEST, bytes(30))
        log.step(True)
        log.step(True)  # nothing waits: the other area is taken ahead of need
    erased = store.erases - begun
    assert 2_000 / 80 <= erased <= 2_000 / 70


def test_a_flood_of_garbage_keeps_the_audit_short_and_is_counted_in_it(pump):
    for _ in range(400):
        pump.deliver(bytes(40))
        pump.run(100)
    pump.run(30_000)
    told = [one.values for one in entries(pump) if one.kind == kinds.AUDIT_REFUSED]
    assert len(told) <= 4
    counted = pump.gatekeeper.tally.counts[v.REFUSED_MALFORMED]
    assert sum(one["times"] for one in told) <= counted
    assert counted > 100


def test_records_are_stored_while_the_mailbox_is_never_empty(pump):
    pump.deliver(bytes(40))
    flood = bytes(2) * 600
    for _ in range(30):
        pump.app.inbox.put(flood, len(flood))
        pump.tick()
    assert kinds.AUDIT_REFUSED in kinds_of(pump)


# Handing it out.


def collected(pump, who=BIOMED):
    found, since = b"", 0
    for _ in range(500):
        code = pump.ask(who, r.KIND_AUDIT, {1: since})
        if code == v.REFUSED_BUSY:
            pump.run(1_000)
            continue
        assert code == v.OK
        before = pump.reader.last(f.AUDIT)
        for _ in range(400):
            pump.tick()
            if pump.reader.last(f.AUDIT) is not before:
                break
        body = pump.reader.last(f.AUDIT).body
        assert body[1] == since
        found += body[2]
        since = body[3]
        if not since:
            return audit.split(found)
    raise AssertionError("the log has no end")


def test_all_records_of_both_areas_are_handed_out_in_pieces_and_verify():
    one = of_size(4_096)
    for number in range(60):
        one.gatekeeper.audit.login(1, number + 1)
        one.run(200)
    log = collected(one)
    stored = audit.read_log(one.board.store)
    assert log == stored[: len(log)]
    assert len(stored) - len(log) <= 3
    assert len(log) > 20
    head = one.reader.last(f.HEAD).body
    assert audit.verify(log, audit.first_key(RECORD), heads=[(len(log) and head[1], head[2])]).findings in ([], [
        audit.Finding(audit.CUT, audit.sequence_of(log[-1]) + 1, -1)])


def test_the_service_collects_too_and_nobody_else(pump):
    assert pump.ask(pump.service, r.KIND_AUDIT, {1: 0}) == v.OK
    assert pump.ask(NURSE, r.KIND_AUDIT, {1: 0}) == v.REFUSED_FORBIDDEN


@pytest.mark.parametrize("since", [0, 1, 7, 0x7FFFFFFF])
def test_a_log_is_handed_out_from_any_number_on(pump, since):
    for number in range(10):
        pump.gatekeeper.audit.login(1, number + 1)
        pump.run(200)
    assert pump.ask(BIOMED, r.KIND_AUDIT, {1: since}) == v.OK
    pump.run(5_000)
    first = audit.split(pump.reader.last(f.AUDIT).body[2])[:1]
    assert [audit.sequence_of(frame) for frame in first] == ([since] if since < 12 else [])


def test_a_search_goes_on_anew_where_the_oldest_area_goes_meanwhile():
    store = SimFlash(VirtualClock(), audit_bytes=2_048)
    log = Audit(store)
    log.chain.begin(bytes(32))
    from firmware.trust.audit_reader import AuditReader

    reader = AuditReader(log.chain)
    for _ in range(14):
        log.note(kinds.AUDIT_LOGIN, bytes(12))
        log.step(True)
    for _ in range(40):
        assert reader.find(0)
        for _ in range(50):
            log.note(kinds.AUDIT_LOGIN, bytes(12))
            log.step(True)
            if reader.step():
                break
        found = [audit.sequence_of(frame) for frame in audit.split(bytes(reader.found))]
        assert found == list(range(found[0], found[0] + len(found)))


def test_the_head_goes_out_with_the_session_and_rises(pump):
    pump.run(15_000)
    pump.log_in(NURSE)
    pump.run(15_000)
    heads = [fact.body[1] for fact in pump.reader.facts if fact.kind == f.HEAD]
    assert heads == sorted(set(heads))
    assert heads[-1] == len(entries(pump))


def test_a_log_that_was_cut_is_seen_by_whoever_has_the_head(pump):
    pump.log_in(NURSE)
    pump.run(15_000)
    head = pump.reader.last(f.HEAD).body
    log = audit.read_log(pump.board.store)[:-1]
    found = audit.verify(log, audit.first_key(pump.record), start=0, heads=[(head[1], head[2])]).findings
    assert [one.what for one in found] == [audit.CUT]


# The host's side.


def test_every_kind_that_is_noted_has_a_layout_and_names():
    noted = {getattr(kinds, name) for name in dir(kinds) if name.startswith("AUDIT_")}
    later = {kinds.AUDIT_UPDATE}  # of a room that is not built
    assert noted - later == {*LAYOUTS, kinds.AUDIT_LOST}


def test_records_are_told_in_a_line(pump):
    pump.log_in(NURSE)
    pump.run(1_000)
    assert str(entries(pump)[0]) == (
        "0 boot, pump second 0: count 1, trust normal, delivery self-test, found whole, version 1"
    )
    assert str(entries(pump)[1]).startswith(f"1 login, site time {NOW_S + 4} s: operator {NURSE}")


def test_data_that_is_too_short_is_refused_and_longer_data_read():
    with pytest.raises(ValueError, match="record 3"):
        decode(audit.Record(3, kinds.AUDIT_LOGIN, bytes(11)))
    assert decode(audit.Record(3, kinds.AUDIT_LOGIN, bytes(8) + b"\x07" + bytes(20))).values == {"operator": 7}
    assert decode(audit.Record(3, 200, b"xyz")).values == {"data": b"xyz"}


# Latency, in turns.


def turns_until(pump, condition):
    for turn in range(1, 10):
        pump.tick()
        if condition():
            return turn
    raise AssertionError("never")


@pytest.mark.parametrize("known", [False, True])
def test_therapy_answers_within_two_ticks_of_the_requests_arrival(known):
    one = infusing()
    one.run(1_000)
    if known:  # the key was derived before
        one.ask(NURSE, r.KIND_STATUS)
        one.run(3_000)
    request = one.request(NURSE, r.KIND_TITRATE, {ports.FIELD_TITRATE_MILLI: one.doses.honest})
    framed = len(request).to_bytes(2, "big") + request
    assert one.app.inbox.put(framed, len(framed)) == len(framed)
    answered = turns_until(one, lambda: one.app.programming.prepared.titrate_milli == one.doses.honest)
    assert answered <= 2
    before = len(one.codes)
    assert turns_until(one, lambda: len(one.codes) > before) == 1


# Who is dialled.


class Dialled:
    blocks_ms = 0

    def open(self):
        return ports.ERR_BUSY

    def close(self):
        pass


def test_a_link_that_is_dialled_is_spoken_to_by_mqtt_where_the_pump_is_somebody():
    link = Dialled()
    made = comms_for(link, RECORD.pump_id, VirtualClockTicks(), HostEntropy())(link, None, None, None)
    assert isinstance(made, Mqtt)
    assert made._topics.request == b"kvo/" + RECORD.pump_id.hex().encode() + b"/request"
    assert comms_for(link, b"", None, None) is RawComms
    assert comms_for(object(), RECORD.pump_id, None, None) is RawComms


class VirtualClockTicks:
    def ticks_ms(self):
        return 0


def test_who_a_pump_is_is_known_before_its_first_turn():
    assert gatekeeper_for(board_of(RECORD)).pump_id() == RECORD.pump_id
    assert gatekeeper_for(board_of(None)).pump_id() == b""
    board = board_of(None)
    board.store.write(ports.AREA_KEYS_A, 0, b"KVOK" + bytes(60))
    assert gatekeeper_for(board).pump_id() == b""


# Erases.


class TooFast:
    """The way to therapy of a pump that infuses faster than a lease outlasts an erase."""

    def __init__(self, pump):
        self._remote = pump.app.remote

    def __getattr__(self, name):
        return getattr(self._remote, name)

    def may_erase(self):
        return False


class Watched(Unaudited):
    """Keeps what it was allowed."""

    def __init__(self):
        self.allowed = []

    def step(self, may_erase):
        self.allowed.append(may_erase)


def test_an_erase_waits_for_a_turn_without_another_and_for_a_rate_whose_lease_outlasts_it():
    watched = Watched()
    one = AskedPump(RECORD, open_library(), make_gatekeeper=lambda board: Gatekeeper(board, watched))
    one.run(15_000)
    watched.allowed.clear()
    one.run(1_000)
    assert watched.allowed and all(watched.allowed)
    watched.allowed.clear()
    for _ in range(20):
        one.tick(250)  # as long as a turn in which the journal's area was erased
    assert watched.allowed and not any(watched.allowed)
    watched.allowed.clear()
    one.gatekeeper.meet(TooFast(one))
    one.run(1_000)
    assert watched.allowed and not any(watched.allowed)
