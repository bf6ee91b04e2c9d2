"""What a request may bring about, who may ask, and that nothing but a confirm at the bedside changes a dose."""

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.therapy.journal import Journal
from firmware.therapy.keeper import FRAME_RECORD
from firmware.therapy.records import RECORD_SIZE
from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import verdict as v
from hal import ports
from simulator.asked import BIOMED, NOW_S, NURSE, PHARMACIST, PHYSICIAN, SHIFT_S, AskedPump, people
from simulator.trust_client import digest_of, make_record
from tools.claims.setups import OPEN_DRUG, open_library

ENTRIES = {
    ports.FIELD_DRUG: OPEN_DRUG, ports.FIELD_CARE_AREA: 1, ports.FIELD_MODE: layout.MODE_CONTINUOUS,
    ports.FIELD_DOSE_MILLI: 20_000, ports.FIELD_VTBI_UL: 100_000,
}  # fmt: skip


def pump_with(**library):
    return AskedPump(library=open_library(**library))


def running(**library):
    pump = pump_with(**library)
    assert pump.log_in(NURSE) == msg.WELCOME
    pump.programme(list(ENTRIES.items()))
    pump.press(ports.KEY_START)
    pump.run(500)
    assert (pump.state, pump.status.rate_ul_h) == (t.ST_INFUSING, 20_000)
    return pump


def titrate(pump, dose_milli, who=NURSE):
    return pump.ask(who, r.KIND_TITRATE, {ports.FIELD_TITRATE_MILLI: dose_milli})


def test_prepared_entries_are_shown_when_programming_is_opened_and_confirmed_as_ones_own():
    pump = pump_with()
    assert pump.ask(PHARMACIST, r.KIND_PREPARE, ENTRIES) == v.OK
    assert (pump.state, pump.status.message) == (t.ST_STANDBY, msg.PREPARED)
    pump.log_in(NURSE)
    pump.press(ports.KEY_PROGRAMME)
    assert pump.status.message == msg.PREPARED
    pump.press(ports.KEY_CONFIRM)
    assert pump.status.message == msg.READY
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.status.rate_ul_h == 20_000


def test_prepared_steps_are_entries_too():
    pump = pump_with()
    steps = {field: value for field, value in ENTRIES.items() if field != ports.FIELD_DOSE_MILLI}
    steps |= {ports.FIELD_MODE: layout.MODE_STEPS, 0: [[5_000, 600], [10_000, 600]]}
    assert pump.ask(NURSE, r.KIND_PREPARE, steps) == v.OK
    pump.log_in(NURSE)
    pump.press(ports.KEY_PROGRAMME)
    pump.press(ports.KEY_CONFIRM)
    assert pump.status.message == msg.READY
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.status.rate_ul_h == 5_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({ports.FIELD_DOSE_MILLI: 1_300_000}, msg.HARD_LIMIT),
        ({ports.FIELD_DRUG: 99}, msg.UNKNOWN_DRUG),
        ({ports.FIELD_PERSON: 7}, msg.RANGE),
        ({ports.FIELD_PIN: 10427}, msg.RANGE),
        ({ports.FIELD_TITRATE_MILLI: 5}, msg.RANGE),
        ({ports.FIELD_STEP_S: 5}, msg.RANGE),
    ],
)
def test_what_therapy_refuses_is_refused_with_its_message(change, message):
    pump = pump_with()
    request = pump.request(NURSE, r.KIND_PREPARE, ENTRIES | change)
    assert pump.send(request) == v.REFUSED_STATE
    assert pump.message_of(request) == message
    assert pump.status.message == msg.NONE


def test_a_persons_own_entry_makes_prepared_entries_that_persons_own():
    pump = pump_with(upper_soft=10_000)
    assert pump.ask(NURSE, r.KIND_PREPARE, ENTRIES) == v.OK
    pump.log_in(PHYSICIAN)
    pump.press(ports.KEY_PROGRAMME)
    pump.press(ports.KEY_CONFIRM)
    assert pump.status.message == msg.SECOND
    pump.press(ports.KEY_FIELD + ports.FIELD_DOSE_MILLI, 9_000)
    pump.press(ports.KEY_CONFIRM)
    assert pump.status.message == msg.READY


def test_cancel_lets_go_of_what_was_prepared():
    pump = pump_with()
    pump.ask(NURSE, r.KIND_PREPARE, ENTRIES)
    pump.log_in(NURSE)
    pump.press(ports.KEY_CANCEL)
    pump.press(ports.KEY_PROGRAMME)
    pump.press(ports.KEY_CONFIRM)
    assert pump.status.message == msg.UNKNOWN_DRUG


def test_nobody_confirms_what_was_prepared_without_logging_in():
    pump = pump_with()
    pump.ask(NURSE, r.KIND_PREPARE, ENTRIES)
    pump.press(ports.KEY_PROGRAMME)
    assert (pump.state, pump.status.message) == (t.ST_STANDBY, msg.LOGIN)


def test_prepared_entries_end_after_ten_minutes():
    pump = pump_with()
    pump.ask(NURSE, r.KIND_PREPARE, ENTRIES)
    pump.run(590_000)
    assert pump.status.message == msg.PREPARED
    pump.run(15_000)
    assert pump.status.message == msg.NONE
    assert not pump.app.programming.prepared.waits


def test_a_titration_waits_shows_its_rate_and_is_taken_by_a_confirm():
    pump = running()
    assert titrate(pump, 35_000) == v.OK
    pump.run(5_000)
    assert (pump.status.rate_ul_h, pump.status.offered_milli, pump.status.message) == (20_000, 35_000, msg.ASKED)
    pump.press(ports.KEY_CONFIRM)
    pump.run(500)
    assert (pump.status.rate_ul_h, pump.status.offered_milli) == (35_000, -1)


def test_a_titration_ends_after_two_minutes_and_a_confirm_then_does_nothing():
    pump = running()
    titrate(pump, 35_000)
    pump.run(121_000)
    assert (pump.status.offered_milli, pump.status.message) == (-1, msg.NONE)
    pump.press(ports.KEY_CONFIRM)
    pump.run(1_000)
    assert pump.status.rate_ul_h == 20_000


def test_a_confirm_in_the_second_of_its_arrival_was_meant_for_something_else():
    pump = running()
    pump.deliver(pump.request(NURSE, r.KIND_TITRATE, {ports.FIELD_TITRATE_MILLI: 35_000}))
    while pump.status.offered_milli < 0:
        pump.tick()
    pump.press(ports.KEY_CONFIRM)
    pump.run(500)
    assert (pump.status.rate_ul_h, pump.status.message) == (20_000, msg.ASKED)


def test_a_titration_never_replaces_one_that_somebody_may_be_looking_at():
    pump = running()
    assert titrate(pump, 25_000) == v.OK
    assert titrate(pump, 900_000, PHYSICIAN) == v.REFUSED_BUSY
    pump.run(2_000)
    pump.press(ports.KEY_CONFIRM)
    pump.run(500)
    assert pump.status.rate_ul_h == 25_000


def test_a_persons_own_titration_replaces_the_one_from_afar_and_keeps_others_away():
    pump = running()
    titrate(pump, 900_000)
    pump.run(2_000)
    pump.press(ports.KEY_FIELD + ports.FIELD_TITRATE_MILLI, 22_000)
    assert pump.status.offered_milli == -1
    assert titrate(pump, 800_000) == v.REFUSED_BUSY
    pump.press(ports.KEY_CONFIRM)
    pump.run(500)
    assert pump.status.rate_ul_h == 22_000


def test_a_titration_of_another_therapy_is_not_taken():
    pump = running()
    titrate(pump, 35_000)
    pump.press(ports.KEY_STOP)
    pump.press(ports.KEY_STANDBY)
    assert pump.status.offered_milli == -1
    pump.programme(list(ENTRIES.items()))
    pump.press(ports.KEY_START)
    pump.run(500)
    pump.press(ports.KEY_CONFIRM)
    pump.run(500)
    assert pump.status.rate_ul_h == 20_000


@pytest.mark.parametrize(
    ("kind", "alarm", "priority"),
    [(r.KIND_PAUSE, al.AL_PAUSE_ASKED, al.PRIORITY_MEDIUM), (r.KIND_STOP, al.AL_STOP_ASKED, al.PRIORITY_HIGH)],
)
def test_pause_and_stop_ring_and_leave_the_dose_alone(kind, alarm, priority):
    pump = running()
    assert pump.ask(NURSE, kind) == v.OK
    pump.run(60_000)
    assert pump.controller.alarms.is_shown(alarm)
    assert (pump.status.priority, pump.status.rate_ul_h, pump.state) == (priority, 20_000, t.ST_INFUSING)
    pump.press(ports.KEY_ACKNOWLEDGE)
    assert not pump.controller.alarms.is_shown(alarm)


def test_asking_again_does_not_end_an_audio_pause():
    pump = running()
    pump.ask(NURSE, r.KIND_STOP)
    pump.press(ports.KEY_AUDIO_PAUSE)
    pump.run(1_000)
    assert pump.status.silenced
    assert pump.ask(NURSE, r.KIND_STOP) == v.OK
    assert pump.status.silenced


def test_where_nothing_flows_there_is_nothing_to_stop_or_titrate():
    pump = pump_with()
    for kind, arguments in ((r.KIND_STOP, {}), (r.KIND_PAUSE, {}), (r.KIND_TITRATE, {ports.FIELD_TITRATE_MILLI: 5})):
        request = pump.request(NURSE, kind, arguments)
        assert pump.send(request) == v.REFUSED_STATE
        assert pump.message_of(request) == msg.STATE


# Two people.


def soft(pump, dose_milli, who=NURSE):
    request = pump.request(who, r.KIND_TITRATE, {ports.FIELD_TITRATE_MILLI: dose_milli})
    assert pump.send(request) == v.OK
    assert pump.message_of(request) == msg.CONFIRM_SOFT
    return digest_of(request)


def test_past_a_soft_limit_a_second_person_agrees_before_the_bedside_may_confirm():
    pump = running(upper_soft=30_000)
    digest = soft(pump, 40_000)
    pump.run(2_000)
    assert pump.status.message == msg.SECOND
    pump.press(ports.KEY_CONFIRM)
    assert pump.status.message == msg.SECOND
    assert pump.ask(NURSE, r.KIND_APPROVE, {1: digest}) == v.REFUSED_SAME_PERSON
    assert pump.ask(PHYSICIAN, r.KIND_APPROVE, {1: digest}) == v.OK
    pump.run(200)
    assert pump.status.message == msg.ASKED  # the bedside is told that it may confirm now
    pump.press(ports.KEY_CONFIRM)
    assert pump.status.message == msg.CONFIRM_SOFT
    pump.press(ports.KEY_CONFIRM)
    pump.run(500)
    assert pump.status.rate_ul_h == 40_000


def test_an_approval_is_of_one_request_and_good_once():
    pump = running(upper_soft=30_000)
    first = soft(pump, 40_000)
    pump.press(ports.KEY_CANCEL)
    second = soft(pump, 50_000, PHYSICIAN)
    assert pump.ask(NURSE, r.KIND_APPROVE, {1: first}) == v.REFUSED_NOTHING_TO_APPROVE
    assert pump.ask(NURSE, r.KIND_APPROVE, {1: second}) == v.OK
    assert pump.ask(NURSE, r.KIND_APPROVE, {1: second}) == v.REFUSED_NOTHING_TO_APPROVE


def test_an_approval_that_comes_too_late_approves_nothing():
    pump = running(upper_soft=30_000)
    digest = soft(pump, 40_000)
    pump.run(125_000)
    assert pump.ask(PHYSICIAN, r.KIND_APPROVE, {1: digest}) == v.REFUSED_NOTHING_TO_APPROVE
    pump.press(ports.KEY_CONFIRM)
    pump.run(1_000)
    assert pump.status.rate_ul_h == 20_000


# Roles, trust states, the key service.


def test_what_a_role_may_not_is_forbidden():
    pump = running()
    assert titrate(pump, 25_000, PHARMACIST) == v.REFUSED_FORBIDDEN
    assert pump.ask(BIOMED, r.KIND_STOP) == v.REFUSED_FORBIDDEN
    assert pump.ask(pump.service, r.KIND_STOP) == v.REFUSED_FORBIDDEN
    assert pump.status.trust == t.TR_SUSPECT  # the third in ten minutes
    assert pump.ask(BIOMED, r.KIND_STATUS) == v.OK


def test_under_suspicion_nothing_that_touches_a_dose_is_heard_and_reading_goes_on():
    pump = running()
    pump.send(b"nonsense")
    assert pump.status.trust == t.TR_SUSPECT
    assert titrate(pump, 25_000) == v.REFUSED_ISOLATED
    assert pump.ask(NURSE, r.KIND_STOP) == v.REFUSED_ISOLATED
    assert pump.ask(NURSE, r.KIND_ALARMS) == v.OK
    assert pump.ask(pump.service, r.KIND_REVOKE, {1: NURSE}) == v.OK
    pump.run(601_000)
    assert pump.status.trust == t.TR_NORMAL
    assert titrate(pump, 25_000, PHYSICIAN) == v.OK


def test_isolated_keys_are_wiped_nobody_is_heard_and_nothing_is_said():
    pump = running()
    titrate(pump, 25_000)
    pump.controller.mailbox.post(t.EV_COMPROMISED)
    pump.run(500)
    assert pump.status.trust == t.TR_ISOLATED
    assert pump.status.offered_milli == -1
    said = len(pump.reader.facts)
    assert titrate(pump, 30_000) is None
    assert pump.gatekeeper.tally.counts[v.REFUSED_ISOLATED] == 1
    pump.run(30_000)
    assert len(pump.reader.facts) == said
    assert pump.gatekeeper.keyring is None and not pump.gatekeeper.session.challenge


def test_after_recovery_there_is_a_new_session():
    pump = running(policy=layout.POLICY_SUSTAIN)
    before = pump.challenge
    pump.controller.mailbox.post(t.EV_COMPROMISED)
    pump.run(500)
    pump.board.sensed.flags |= ports.RF_KEY_SWITCH
    pump.controller.mailbox.post(t.EV_RECOVERY_ON)
    pump.run(500)
    pump.controller.mailbox.post(t.EV_RECOVERED)
    pump.run(1_000)
    assert pump.status.trust == t.TR_NORMAL
    assert pump.challenge not in (b"", before)
    assert pump.reader.refused == 0
    assert titrate(pump, 25_000) == v.OK


def test_time_goes_forward_only_and_ends_shifts():
    pump = running()
    assert pump.ask(pump.service, r.KIND_TIME, {1: NOW_S - 1}) == v.REFUSED_EXPIRED
    assert pump.ask(pump.service, r.KIND_TIME, {1: NOW_S + SHIFT_S + 10}) == v.OK
    assert titrate(pump, 25_000) == v.REFUSED_SHIFT_OVER


def test_without_the_time_no_operator_is_heard():
    pump = AskedPump(site_s=0)
    assert pump.ask(NURSE, r.KIND_STATUS) == v.REFUSED_NO_TIME
    assert pump.status.trust == t.TR_NORMAL


def test_a_revocation_outlives_a_reset_and_ends_a_login():
    pump = running()
    assert pump.status.operator == NURSE
    assert pump.ask(pump.service, r.KIND_REVOKE, {1: NURSE}) == v.OK
    pump.tick()
    assert pump.status.operator == 0
    assert titrate(pump, 25_000) == v.REFUSED_REVOKED
    again = AskedPump(pump.record, board=pump.board, site_s=NOW_S + 60)
    assert again.ask(NURSE, r.KIND_STATUS) == v.REFUSED_REVOKED
    assert again.log_in(NURSE) == msg.WRONG_PIN


def test_a_new_epoch_makes_every_key_worthless_and_begins_a_session():
    pump = running()
    before = pump.challenge
    pump.reader.record = later = make_record(1, people(), epoch=2)
    assert pump.ask(pump.service, r.KIND_EPOCH, {1: 2}) == v.OK
    assert pump.challenge not in (b"", before)
    assert titrate(pump, 25_000) == v.REFUSED_REVOKED
    pump.record = later
    assert titrate(pump, 25_000, pump.terminal(PHYSICIAN)) == v.OK


def test_the_log_is_read_to_its_end():
    pump = running()
    for _ in range(8):
        pump.press(ports.KEY_PAUSE)
        pump.press(ports.KEY_START)
        pump.run(500)
    sequence, pages, records = 0, 0, b""
    while not pages or sequence:
        assert pump.ask(NURSE, r.KIND_LOG, {1: sequence}) == v.OK
        pump.run(5_000)
        body = pump.reader.last(f.LOG).body
        assert body[1] == sequence
        pages, records, sequence = pages + 1, records + body[2], body[3]
    kept = []
    Journal(pump.board.store).replay(lambda kind, data: kept.append(data) if kind == FRAME_RECORD else None)
    assert pages > 2
    assert records == b"".join(kept[: len(records) // RECORD_SIZE])
    assert len(kept) - len(records) // RECORD_SIZE <= 2  # written since
