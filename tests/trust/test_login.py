"""Who may do what at the bedside of a provisioned pump, and that nothing keeps a person from stopping it."""

from itertools import pairwise

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import layout
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.trust import bedside as bd
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.gatekeeper import Gatekeeper
from firmware.trust.unaudited import Unaudited
from hal import ports
from simulator.asked import BIOMED, NURSE, PHYSICIAN, PINS, AskedPump, board_of, people
from simulator.ideal import IdealPump
from simulator.trust_client import make_record, pin_entry, stored
from tools.claims.setups import OPEN_DRUG, open_library

ENTRIES = [
    (ports.FIELD_DRUG, OPEN_DRUG), (ports.FIELD_CARE_AREA, 1), (ports.FIELD_MODE, layout.MODE_PCA),
    (ports.FIELD_DOSE_MILLI, 20_000), (ports.FIELD_BOLUS_UL, 1_000), (ports.FIELD_LOCKOUT_S, 60),
    (ports.FIELD_CLINICIAN_UL, 2_000), (ports.FIELD_CLINICIAN_S, 60),
]  # fmt: skip


@pytest.fixture
def pump():
    return AskedPump(library=open_library(policy=layout.POLICY_SUSTAIN))


def running(pump):
    assert pump.log_in(NURSE) == msg.WELCOME
    assert pump.programme(ENTRIES) == msg.READY
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.status.rate_ul_h == 20_000
    return pump


def left_alone(pump):
    running(pump)
    pump.run(bd.IDLE_S * 1000 + 1_000)
    assert pump.status.operator == 0
    return pump


def titrate(pump, dose_milli):
    pump.press(ports.KEY_FIELD + ports.FIELD_TITRATE_MILLI, dose_milli)
    pump.press(ports.KEY_CONFIRM)
    pump.run(500)


def test_number_and_pin_log_in_and_another_number_logs_out(pump):
    assert pump.log_in(PHYSICIAN) == msg.WELCOME
    assert pump.status.operator == PHYSICIAN
    pump.press(ports.KEY_FIELD + ports.FIELD_PERSON, NURSE)
    assert pump.status.operator == 0


def test_the_pin_is_checked_in_slices_and_says_so(pump):
    pump.press(ports.KEY_FIELD + ports.FIELD_PERSON, NURSE)
    pump.press(ports.KEY_FIELD + ports.FIELD_PIN, pin_entry(PINS[NURSE]))
    assert (pump.status.message, pump.status.operator) == (msg.CHECKING, 0)
    pump.run(100 * 1_000 // bd.SLICE)
    assert (pump.status.message, pump.status.operator) == (msg.WELCOME, NURSE)


@pytest.mark.parametrize("entry", [0, 7, 427, 1427, 20427, 999])
def test_what_is_no_pin_is_not_checked(pump, entry):
    pump.press(ports.KEY_FIELD + ports.FIELD_PERSON, NURSE)
    pump.press(ports.KEY_FIELD + ports.FIELD_PIN, entry)
    assert pump.status.message == msg.MISSING


def test_a_pin_keeps_its_leading_noughts(pump):
    assert pump.log_in(NURSE, "427") == msg.MISSING
    assert pump.log_in(NURSE, "00427") == msg.WRONG_PIN
    assert pump.log_in(NURSE, "0427") == msg.WELCOME


def test_nobody_is_told_whether_number_or_pin_was_wrong(pump):
    assert pump.log_in(NURSE, "1111") == pump.log_in(4711, "1111") == msg.WRONG_PIN


def test_a_technician_logs_in_for_no_dose(pump):
    assert pump.log_in(BIOMED) == msg.NOT_YOURS
    assert pump.status.operator == 0


def test_what_raises_a_dose_needs_somebody_who_is_logged_in(pump):
    left_alone(pump)
    titrate(pump, 30_000)
    assert (pump.status.rate_ul_h, pump.status.message) == (20_000, msg.LOGIN)
    pump.press(ports.KEY_CLINICIAN_BOLUS)
    assert (pump.state, pump.status.message) == (t.ST_INFUSING, msg.LOGIN)
    pump.log_in(PHYSICIAN)
    titrate(pump, 30_000)
    assert pump.status.rate_ul_h == 30_000


def test_programming_needs_somebody_from_its_first_key_to_its_start(pump):
    pump.press(ports.KEY_PROGRAMME)
    assert (pump.state, pump.status.message) == (t.ST_STANDBY, msg.LOGIN)
    pump.log_in(NURSE)
    assert pump.programme(ENTRIES) == msg.READY
    pump.run(bd.IDLE_S * 1000 + 1_000)
    pump.press(ports.KEY_START)
    pump.run(500)
    assert (pump.state, pump.status.message) == (t.ST_PROGRAMMING, msg.LOGIN)
    pump.press(ports.KEY_FIELD + ports.FIELD_DOSE_MILLI, 30_000)
    assert pump.status.message == msg.LOGIN
    pump.press(ports.KEY_CONFIRM)
    assert pump.status.message == msg.LOGIN
    pump.log_in(NURSE)
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.status.rate_ul_h == 20_000


def test_stop_decrease_restart_patient_bolus_and_audio_pause_need_nobody(pump):
    left_alone(pump)
    pump.press(ports.KEY_PATIENT_BOLUS)
    pump.tick()
    assert pump.state == t.ST_BOLUS
    pump.press(ports.KEY_STOP)
    assert pump.state == t.ST_PAUSED
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.status.rate_ul_h == 20_000
    titrate(pump, 10_000)
    assert pump.status.rate_ul_h == 10_000
    pump.press(ports.KEY_PAUSE)
    pump.run(121_000)
    assert pump.controller.alarms.is_shown(al.AL_PAUSED)
    pump.press(ports.KEY_AUDIO_PAUSE)
    assert pump.status.silenced


def test_a_key_keeps_somebody_logged_in(pump):
    running(pump)
    for _ in range(5):
        pump.run(bd.IDLE_S * 1000 - 10_000)
        pump.press(ports.KEY_CONFIRM)
    assert pump.status.operator == NURSE


def test_wrong_pins_make_wait_longer_each_time_and_up_to_an_end(pump):
    waits = []
    for _ in range(bd.FREE_TRIES):
        assert pump.log_in(NURSE, "1111") == msg.WRONG_PIN
    for _ in range(6):
        began = pump.board.clock.ms
        while pump.log_in(NURSE, "1111", wait_ms=3_000) == msg.WAIT_PIN:
            pump.run(1_000)
        waits.append((pump.board.clock.ms - began) // 1000)
    assert waits[0] <= 15 and all(after >= before - 5 for before, after in pairwise(waits))
    assert bd.LAST_WAIT_S - 10 <= waits[-1] <= bd.LAST_WAIT_S + 10


def test_while_one_person_waits_others_log_in_and_a_right_pin_clears_the_count(pump):
    for _ in range(bd.FREE_TRIES):
        pump.log_in(NURSE, "1111")
    assert pump.log_in(NURSE) == msg.WAIT_PIN
    assert pump.log_in(PHYSICIAN) == msg.WELCOME
    pump.run(bd.FIRST_WAIT_S * 1000)
    assert pump.log_in(NURSE) == msg.WELCOME
    assert pump.log_in(NURSE, "1111") == msg.WRONG_PIN
    assert pump.log_in(NURSE) == msg.WELCOME


def test_no_remote_guesser_uses_up_a_persons_tries(pump):
    for _ in range(40):
        message = bytearray(pump.request(NURSE, r.KIND_STATUS))
        message[-1] ^= 1
        pump.send(bytes(message))
    assert pump.gatekeeper.tally.counts[v.REFUSED_WRONG_MAC] == 40
    assert pump.gatekeeper.bedside.failures == 0
    assert pump.log_in(NURSE) == msg.WELCOME


def test_stop_works_while_a_pin_is_checked_and_while_one_waits(pump):
    running(pump)
    for _ in range(bd.FREE_TRIES + 1):
        pump.log_in(NURSE, "1111", wait_ms=3_000)
    pump.press(ports.KEY_FIELD + ports.FIELD_PERSON, PHYSICIAN)
    pump.press(ports.KEY_FIELD + ports.FIELD_PIN, pin_entry("1234"))
    pump.press(ports.KEY_STOP)
    assert pump.state == t.ST_PAUSED


def test_the_glass_breaks_where_credentials_failed_and_only_then(pump):
    pump.press(ports.KEY_FIELD + ports.FIELD_PERSON, NURSE)
    pump.press(ports.KEY_GLASS_ON)
    assert pump.status.message == msg.STATE
    for _ in range(bd.FREE_TRIES):
        pump.log_in(NURSE, "1111")
    pump.break_glass(NURSE)
    assert pump.controller.alarms.is_shown(al.AL_BREAK_GLASS)
    assert pump.status.trust == t.TR_NORMAL
    assert pump.programme(ENTRIES) == msg.READY
    pump.press(ports.KEY_START)
    pump.run(500)
    assert pump.status.rate_ul_h == 20_000
    pump.board.sensed.flags &= ~ports.RF_KEY_SWITCH
    pump.run(500)
    titrate(pump, 30_000)
    assert pump.status.rate_ul_h == 20_000
    assert pump.controller.alarms.is_shown(al.AL_BREAK_GLASS)


def test_isolated_a_change_needs_the_key_switch_and_a_login(pump):
    running(pump)
    pump.controller.mailbox.post(t.EV_COMPROMISED)
    pump.run(500)
    pump.press(ports.KEY_CLINICIAN_BOLUS)
    assert pump.status.message == msg.KEY_NEEDED
    pump.board.sensed.flags |= ports.RF_KEY_SWITCH
    pump.press(ports.KEY_CLINICIAN_BOLUS)
    pump.tick()
    assert pump.state == t.ST_BOLUS


def test_an_unprovisioned_pump_says_so_asks_for_nobody_and_hears_nobody():
    one = IdealPump(board=board_of(None, open_library()), make_gatekeeper=Gatekeeper)
    assert one.status.message == msg.UNPROVISIONED
    assert one.programme(ENTRIES) == msg.READY
    one.press(ports.KEY_START)
    one.run(500)
    assert (one.status.rate_ul_h, one.status.message) == (20_000, msg.NONE)
    one.app.inbox.put(b"\x00\x01x", 3)
    one.run(500)
    assert one.status.trust == t.TR_SUSPECT
    assert one.app.facts.waiting() == 0


def test_a_damaged_record_isolates_and_leaves_the_glass():
    board = board_of(None, open_library())
    board.store.write(ports.AREA_KEYS_A, 0, b"KVOK" + bytes(60))
    one = IdealPump(board=board, make_gatekeeper=Gatekeeper)
    assert one.status.trust == t.TR_ISOLATED
    one.press(ports.KEY_PROGRAMME)
    assert one.status.message == msg.LOGIN
    one.break_glass(4711)
    assert one.programme(ENTRIES) == msg.READY


def test_a_record_that_changes_while_the_pump_runs_is_evidence(pump):
    running(pump)
    place = pump.gatekeeper.credentials._place
    area = (ports.AREA_KEYS_A, ports.AREA_KEYS_B)[place]
    pump.board.store._areas[area][50] ^= 1
    pump.run(11_000)
    assert pump.status.trust == t.TR_ISOLATED


def test_an_audit_that_does_not_hold_is_evidence():
    class Broken(Unaudited):
        def holds(self):
            return False

    one = AskedPump(library=open_library(), make_gatekeeper=lambda board: Gatekeeper(board, Broken()), site_s=0)
    assert one.status.trust == t.TR_ISOLATED


def test_a_boot_that_the_counter_does_not_tell_apart_has_no_session():
    board = board_of(None, open_library())
    board.store.write(ports.AREA_KEYS_A, 0, stored(make_record(1, people())))
    board.counter.advance_rc = ports.ERR_FAILED
    one = AskedPump(board=board, site_s=0)
    assert one.challenge == b"" and not one.reader.facts
    assert one.log_in(NURSE) == msg.WELCOME
