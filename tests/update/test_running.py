"""A pump with slots while it runs: asked over the network, in its own main loop, and looked at from outside."""

import hashlib

import pytest

from firmware.therapy.tables import ST_FAILED, ST_INFUSING, ST_MAINTENANCE, TR_ISOLATED
from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import verdict as v
from firmware.trust.staging import CHUNK
from firmware.update import booted as how
from firmware.update import reasons, running, updater, verdict
from firmware.update.record import Record
from hal import ports
from simulator.asked import BIOMED, NURSE, AskedPump
from tests.trust.test_requests import running as infusing
from tools.update_cases import refused, slotted
from tools.update_cases.asked_slots import give_slots


def carry(pump, data, who=BIOMED):
    assert pump.ask(who, r.KIND_STAGE, {1: len(data), 2: hashlib.sha256(data).digest()}) == v.OK
    for offset in range(0, len(data), CHUNK):
        assert pump.ask(who, r.KIND_CHUNK, {1: offset, 2: data[offset : offset + CHUNK]}) == v.OK
    pump.run(2_000)


def until(pump, state):
    for _ in range(200):
        if pump.app.updates.state() == state:
            return
        pump.run(200)
    raise AssertionError(f"it stands at {pump.app.updates.state()}: {pump.app.updates.reason}")


def ready(pump):
    carry(pump, refused.NEW.envelope)
    assert pump.ask(BIOMED, r.KIND_UPDATE, {}) == v.OK
    until(pump, updater.CARRYING)
    pump.run(5_000)
    carry(pump, refused.NEW.payload)
    until(pump, updater.READY)


def maintain(pump):
    pump.board.sensed.flags |= ports.RF_KEY_SWITCH
    pump.press(ports.KEY_MAINTENANCE_ON)
    pump.run(1_000)
    assert pump.state == ST_MAINTENANCE


def test_an_image_comes_over_the_network_and_waits_for_maintenance():
    pump = AskedPump()
    flash = give_slots(pump)
    ready(pump)
    assert pump.ask(NURSE, r.KIND_INSTALL, {1: 8}) == v.REFUSED_FORBIDDEN
    assert pump.ask(BIOMED, r.KIND_INSTALL, {1: 9}) == v.REFUSED_STATE
    assert pump.ask(BIOMED, r.KIND_INSTALL, {1: 8}) == v.OK
    pump.run(3_000)
    assert Record(flash).trial == 0xFF
    maintain(pump)
    pump.run(1_000)
    assert (Record(flash).trial, Record(flash).trial_number) == (1, 8)
    assert pump.reader.last(f.UPDATE).body == {1: updater.INSTALLED, 2: 0, 3: 8, 4: how.CONFIRMED, 5: 7}


def test_what_was_scheduled_is_installed_after_a_loss_of_power_too():
    pump = AskedPump()
    flash = give_slots(pump)
    ready(pump)
    assert pump.ask(BIOMED, r.KIND_INSTALL, {1: 8}) == v.OK
    again = running.Updates(flash, pump.app.updates.booted, slotted.device, refused.demanded, 0)
    whats = []
    for _ in range(200):
        again.step(0, True, True, running.PASSED)
        note = again.tell()
        whats += [] if note is None else [(note.what, note.operator)]
    assert whats == [(running.STAGED, BIOMED), (running.INSTALLED, BIOMED)]


def test_the_image_before_this_one_is_no_news_in_maintenance():
    pump = refused.Pump()
    slotted.put_in(pump.flash, slotted.SLOTS[1], refused.image(6, slotted.bundled(b"older", 900)))
    there = slotted.SHIPPED.slot.Slot(pump.flash, slotted.SLOTS[1])
    assert there.schedule(BIOMED) == ports.OK
    pump.updates.booted.slot = 0
    for _ in range(50):
        pump.turn()
    assert pump.notes == []


def test_chunks_come_while_a_dose_runs_but_no_block_is_erased():
    pump = infusing()
    flash = give_slots(pump)
    erases = flash.erases
    assert pump.ask(BIOMED, r.KIND_STAGE, {1: 40, 2: bytes(32)}) == v.REFUSED_BUSY
    work = pump.app.updates._load()
    assert work.offer(refused.NEW.envelope) == 0
    pump.run(5_000)
    assert (work.state, flash.erases, pump.state) == (updater.CARRYING, erases, ST_INFUSING)


@pytest.mark.parametrize("tested", [running.PASSED, running.FAILED, running.UNTESTED])
def test_a_trial_ends_with_its_self_test(tested):
    pump = refused.Pump()
    slotted.put_in(pump.flash, slotted.SLOTS[1], refused.NEW)
    record = Record(pump.flash)
    record.put_on_trial(1, 8, slotted.manifest_digest(refused.NEW.envelope))
    record = Record(pump.flash)
    booted = slotted.SHIPPED.boot.Boot(
        pump.flash, record, slotted.device(), refused.demanded, refused.golden_proofs, int
    ).choose()
    assert booted.mode == how.TRIAL
    updates = running.Updates(pump.flash, booted, slotted.device, refused.demanded, 0)
    for ms in range(0, 4_000, 100):
        updates.step(ms, True, False, tested)
    found = Record(pump.flash)
    if tested == running.PASSED:
        assert (found.confirmed, found.floor, updates.tell().what) == (1, 8, running.CONFIRMED)
    elif tested == running.FAILED:
        note = updates.tell()
        assert (found.confirmed, found.floor, found.trial) == (0, 7, 0xFF)
        assert (note.what, note.code) == (running.REVERTED, reasons.TRIAL_FAILED)
    else:
        assert (found.trial, found.tries, updates.tell()) == (1, 1, None)


def test_a_reverted_trial_is_told_at_the_next_boot_once():
    pump = refused.Pump()
    pump.updates.record.put_on_trial(1, 8, bytes(32))
    pump.updates.record.revert(reasons.NOT_CONFIRMED)
    pump.turn()
    assert [(note.what, note.code) for note in pump.notes] == [(running.REVERTED, reasons.NOT_CONFIRMED)]
    assert Record(pump.flash).ended == 0


def test_a_stored_image_that_changes_isolates_the_pump_and_fails_no_therapy():
    pump = infusing()
    flash = give_slots(pump)
    pump.run(20_000)
    assert pump.app.controller.trust.state != TR_ISOLATED
    flash.flip(slotted.SLOTS[0], slotted.IMAGE_AT + 700, 2)
    pump.run(20_000)
    assert pump.app.controller.trust.state == TR_ISOLATED
    assert pump.state != ST_FAILED  # the dose goes by the drug's policy, as after any such evidence


def test_a_pump_that_recovers_takes_images_and_never_infuses():
    from firmware.app import App
    from firmware.trust.closed import ClosedGatekeeper
    from simulator.ideal import IdealBoard

    board = IdealBoard(ports.HEAD_VOLUMETRIC)
    board.counter = None
    updates = running.Updates(board.store, how.Booted(how.RECOVERY), None, None, 0)
    app = App(board, ClosedGatekeeper(board), updates=updates)
    for _ in range(100):
        board.clock.ms += 100
        app.step()
    assert app.controller.delivery.state == ST_FAILED
    assert app.drive.relay == 0


def test_without_memory_for_it_an_update_is_refused_and_the_slot_stays():
    pump = refused.Pump()
    pump.stage(refused.NEW.envelope)
    assert pump.updates.offer(pump.staging, BIOMED) == 0
    pump.updates.drop()
    pump.turn()
    assert [note.code for note in pump.notes] == [reasons.NO_MEMORY]
    assert pump.boots().number == 7


def test_a_refused_envelope_says_why():
    pump = AskedPump()
    give_slots(pump)
    carry(pump, refused.image(6, refused.NEW.payload).envelope)
    assert pump.ask(BIOMED, r.KIND_UPDATE, {}) == v.OK
    until(pump, updater.REFUSED)
    pump.run(1_000)
    assert pump.reader.last(f.UPDATE).body[2] == verdict.ROLLBACK
