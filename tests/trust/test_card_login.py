"""A card at the bedside: who it lets in and out, what it keeps from nobody, and what a part that fails does."""

import pytest

from firmware.therapy import layout
from firmware.therapy import messages as msg
from firmware.therapy import tables as t
from firmware.trust import bedside as bd
from firmware.trust import card as cd
from firmware.trust.gatekeeper import Gatekeeper
from hal import ports
from simulator.asked import BIOMED, NURSE, PHYSICIAN, PINS, board_of
from simulator.devices.cards import Reader, SignCard, card_of
from simulator.homes import mpy
from simulator.ideal import IdealPump
from simulator.trust_client import pin_entry
from tools.claims.card_cases import ASKED_MS, CHECKED_MS, STRANGER, Rig, cards
from tools.claims.setups import OPEN_DRUG, open_library
from tools.image.resident import resident

ENTRIES = [
    (ports.FIELD_DRUG, OPEN_DRUG), (ports.FIELD_CARE_AREA, 1), (ports.FIELD_MODE, layout.MODE_CONTINUOUS),
    (ports.FIELD_DOSE_MILLI, 20_000), (ports.FIELD_VTBI_UL, 100_000),
]  # fmt: skip


@pytest.fixture
def rig():
    return Rig()


def lay(rig, number):
    rig.lay(number)
    rig.run(CHECKED_MS)
    return rig.status.message


def wrong_card(rig):
    """A stranger's card in the nurse's name."""
    rig.reader.says = lambda answer: NURSE.to_bytes(4, "big") + answer[4:]
    said = lay(rig, STRANGER)
    rig.reader.says = None
    rig.lay(0)
    rig.run(200)
    return said


def test_another_card_takes_the_place_of_whoever_was_logged_in(rig):
    assert lay(rig, NURSE) == msg.WELCOME
    rig.lay(PHYSICIAN)
    rig.run(200)
    assert rig.status.operator == 0
    rig.run(CHECKED_MS)
    assert rig.status.operator == PHYSICIAN


def test_a_wrong_card_logs_nobody_out_who_came_by_pin(rig):
    rig.pump.log_in(NURSE)
    assert lay(rig, STRANGER) == msg.WRONG_CARD
    assert rig.status.operator == NURSE
    assert lay(rig, PHYSICIAN) == msg.WELCOME
    assert rig.status.operator == PHYSICIAN


def test_a_card_that_is_left_is_logged_out_when_idle_and_asked_again_when_it_is_laid_anew(rig):
    assert lay(rig, NURSE) == msg.WELCOME
    rig.run(bd.IDLE_S * 1000 + 1_000)
    assert rig.status.operator == 0
    assert len(rig.reader.questions) == 1
    rig.lay(0)
    rig.run(200)
    assert lay(rig, NURSE) == msg.WELCOME


def test_a_number_that_is_entered_logs_a_cards_person_out_and_ends_a_check(rig):
    assert lay(rig, NURSE) == msg.WELCOME
    rig.pump.press(ports.KEY_FIELD + ports.FIELD_PERSON, PHYSICIAN)
    assert rig.status.operator == 0
    rig.lay(0)
    rig.run(200)
    rig.lay(NURSE)
    rig.run(ASKED_MS)
    assert rig.pump.log_in(PHYSICIAN, wait_ms=CHECKED_MS) == msg.WELCOME
    assert rig.status.operator == PHYSICIAN


def test_a_pin_that_is_checked_goes_first_and_the_card_after_it(rig):
    rig.pump.press(ports.KEY_FIELD + ports.FIELD_PERSON, PHYSICIAN)
    rig.pump.press(ports.KEY_FIELD + ports.FIELD_PIN, pin_entry(PINS[PHYSICIAN]))
    rig.lay(NURSE)
    rig.run(2_500)
    assert rig.status.operator == PHYSICIAN
    rig.run(CHECKED_MS)
    assert rig.status.operator == NURSE


def test_wrong_cards_make_that_persons_card_wait_and_nothing_else(rig):
    for _ in range(bd.FREE_TRIES):
        assert wrong_card(rig) == msg.WRONG_CARD
    assert wrong_card(rig) == msg.WAIT_CARD
    assert lay(rig, PHYSICIAN) == msg.WELCOME
    rig.lay(0)
    rig.run(200)
    assert rig.pump.log_in(NURSE) == msg.WELCOME
    assert not rig.pump.controller.glass.failed
    rig.run(bd.FIRST_WAIT_S * 1000)
    assert lay(rig, NURSE) == msg.WELCOME
    rig.lay(0)
    rig.run(200)
    assert wrong_card(rig) == msg.WRONG_CARD


def test_wrong_pins_keep_no_card_out(rig):
    for _ in range(bd.FREE_TRIES):
        rig.pump.log_in(NURSE, "1111")
    assert rig.pump.log_in(NURSE) == msg.WAIT_PIN
    assert lay(rig, NURSE) == msg.WELCOME


def infusing():
    """A pump that infuses what the nurse, there by card, has programmed."""
    rig = Rig(library=open_library(policy=layout.POLICY_SUSTAIN))
    assert lay(rig, NURSE) == msg.WELCOME
    assert rig.pump.programme(ENTRIES) == msg.READY
    rig.pump.press(ports.KEY_START)
    rig.run(500)
    assert rig.status.rate_ul_h == 20_000
    return rig


def titrate(rig, dose_milli):
    rig.pump.press(ports.KEY_FIELD + ports.FIELD_TITRATE_MILLI, dose_milli)
    rig.pump.press(ports.KEY_CONFIRM)
    rig.run(500)
    return rig.status.rate_ul_h


def test_what_raises_a_dose_needs_the_card_to_stay():
    rig = infusing()
    assert titrate(rig, 30_000) == 30_000
    rig.lay(0)
    rig.run(200)
    assert titrate(rig, 40_000) == 30_000
    assert rig.status.message == msg.LOGIN
    assert titrate(rig, 10_000) == 10_000


def test_stop_works_while_a_card_is_checked():
    rig = infusing()
    rig.lay(PHYSICIAN)
    rig.run(ASKED_MS)
    assert rig.status.message == msg.CHECKING_CARD
    rig.pump.press(ports.KEY_STOP)
    assert rig.pump.state == t.ST_PAUSED


def test_a_boot_that_the_counter_does_not_tell_apart_asks_no_card():
    rig = Rig()
    rig.board.counter.advance_rc = ports.ERR_FAILED
    rig.reboot()
    assert lay(rig, NURSE) == msg.MUTE_CARD
    assert not rig.reader.questions
    assert rig.pump.log_in(NURSE) == msg.WELCOME


def test_a_boot_has_an_end_of_questions(rig):
    rig.pump.gatekeeper.bedside.questions = cd.LAST_QUESTION
    assert lay(rig, NURSE) == msg.MUTE_CARD
    assert not rig.reader.questions


def test_no_question_comes_twice_whatever_happens(rig):
    rig.board.entropy.constant = True
    rig.board.sensed.flags |= ports.RF_KEY_SWITCH
    for _ in range(3):
        for _ in range(4):
            rig.lay(NURSE)
            rig.run(300)
            rig.lay(0)
            rig.run(300)
        before = rig.pump.gatekeeper.bedside
        for event in (t.EV_COMPROMISED, t.EV_RECOVERY_ON, t.EV_RECOVERED):
            rig.pump.controller.mailbox.post(event)
            rig.run(300)
        assert rig.pump.gatekeeper.bedside is not before
    rig.reboot()
    lay(rig, NURSE)
    assert len(set(rig.reader.questions)) == len(rig.reader.questions) == 13


def test_without_entropy_a_card_is_asked_all_the_same(rig):
    rig.board.entropy.rc = ports.ERR_FAILED
    assert lay(rig, NURSE) == msg.WELCOME
    rig.board.entropy = None
    rig.lay(0)
    rig.run(200)
    assert lay(rig, NURSE) == msg.WELCOME


def test_who_tried_and_how_is_told():
    rig = Rig()
    bedside = rig.pump.gatekeeper.bedside
    told = []
    look = bedside.look

    class Told:
        def __getattr__(self, name):
            return getattr(bedside, name)

        def look(self, readings, now_s):
            done = look(readings, now_s)
            if done:
                told.append((done, bedside.person, bedside.asked(), bedside.by_card))
            return done

    rig.pump.gatekeeper.bedside = Told()
    assert lay(rig, NURSE) == msg.WELCOME
    rig.lay(0)
    rig.run(200)
    wrong_card(rig)
    rig.pump.log_in(PHYSICIAN)
    rig.pump.log_in(PHYSICIAN, "1111")
    assert told == [
        (1, NURSE, NURSE, True), (-1, 0, NURSE, False), (1, PHYSICIAN, PHYSICIAN, False), (-1, 0, PHYSICIAN, False),
    ]  # fmt: skip


def test_no_room_for_a_check_leaves_number_and_pin(rig, monkeypatch):
    def full(self, now_s):
        raise MemoryError

    monkeypatch.setattr(cd.Desk, "ask", full)
    assert lay(rig, NURSE) == msg.BUSY
    assert rig.status.trust == t.TR_NORMAL
    assert rig.pump.log_in(NURSE) == msg.WELCOME


def test_isolated_a_change_needs_the_key_switch_and_a_card_will_do():
    rig = infusing()
    rig.pump.controller.mailbox.post(t.EV_COMPROMISED)
    rig.lay(PHYSICIAN)
    rig.run(CHECKED_MS)
    assert (rig.status.trust, rig.status.operator) == (t.TR_ISOLATED, PHYSICIAN)
    assert titrate(rig, 30_000) == 20_000
    rig.board.sensed.flags |= ports.RF_KEY_SWITCH
    assert titrate(rig, 30_000) == 30_000


def test_an_unprovisioned_pump_asks_no_card():
    board = board_of(None)
    board.identity = Reader(board.clock)
    pump = IdealPump(board=board, make_gatekeeper=Gatekeeper)
    board.identity.lay(cards()[NURSE])
    pump.run(2_000)
    assert not board.identity.questions and pump.status.operator == 0


def test_a_board_without_a_reader_has_number_and_pin(rig):
    rig.board.identity = None
    rig.pump.gatekeeper.bedside = bd.Bedside(rig.pump.app.remote, rig.pump.gatekeeper.credentials.record, rig.board)
    assert rig.pump.log_in(NURSE) == msg.WELCOME


def test_a_technician_s_card_logs_the_one_before_out(rig):
    assert lay(rig, NURSE) == msg.WELCOME
    assert lay(rig, BIOMED) == msg.NOT_YOURS
    assert rig.status.operator == 0


@pytest.mark.parametrize("start", ["firmware/main.py", "firmware/trust/gatekeeper.py", "firmware/trust/bedside.py"])
def test_nothing_of_a_card_is_loaded_before_there_is_one(start):
    sources = mpy.sources_of("firmware", "hal/ports.py", "hal/compat.py")
    loaded = resident(sources, start)
    assert start in loaded
    assert not loaded & {"firmware/trust/card.py", "firmware/trust/p256.py"}
    assert "firmware/trust/p256.py" not in resident(sources, "firmware/trust/card.py")


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, b"\x01" * 31])
def test_a_key_that_is_none_makes_no_card(key):
    with pytest.raises(ValueError, match="a card's key is 32 bytes"):
        SignCard(1, key)


def test_a_simulated_card_signs_the_same_each_time():
    assert card_of(1, 7).sign(b"x") == card_of(1, 7).sign(b"x") != card_of(2, 7).sign(b"x")
