"""A drug library that is carried to a pump: in force by two pharmacists and a person at the bedside, or not at all."""

import pytest

from firmware import intake, settling
from firmware.therapy import layout
from firmware.therapy import messages as msg
from firmware.update import refusal
from hal import ports
from simulator.asked import PHARMACIST
from tools.sign import library as lib
from tools.sign.parcel import Packed, unpack
from tools.sign.problem import SignProblem
from tools.update_cases import pump as keys
from tools.update_cases.carried import AREAS, LIBRARY, NEW, OLD, Carried, numbered, parcel


def test_a_library_is_in_force_after_a_person_said_so_and_the_pump_was_started_again():
    site = Carried()
    site.start()
    site.stage(parcel())
    assert site.in_force() == (OLD, numbered(OLD))
    assert site.confirm() == msg.AT_NEXT_START
    assert site.in_force()[0] == OLD
    pump = site.start()
    assert site.in_force() == (NEW, numbered(NEW))
    assert pump.app.library.sequence == NEW
    assert pump.status.message == msg.TAKEN
    pump.run(3_000)
    told = [[one.values[name] for name in ("what", "code", "number", "operator", "first", "second")]
            for one in site.told()]  # fmt: skip
    assert told == [[settling.WHAT_LIBRARY, 0, NEW, PHARMACIST, 3, 4]]
    assert "a drug library, code in force, number 8" in str(site.told()[0])
    site.start().run(3_000)
    assert len(site.told()) == 1


def test_a_library_that_is_longer_than_an_envelope_carries_follows_it(monkeypatch):
    monkeypatch.setattr("tools.sign.library.fits_inside", lambda data: False)
    site = Carried()
    site.start()
    site.stage(parcel())
    site.confirm()
    assert site.start().app.library.sequence == NEW


def test_the_key_switch_has_to_be_turned_and_the_pump_in_maintenance():
    site = Carried()
    pump = site.start()
    site.stage(parcel())
    pump.log_in(PHARMACIST)
    pump.press(ports.KEY_FIELD + ports.FIELD_TAKE, NEW)
    pump.press(ports.KEY_CONFIRM)
    assert site.start().app.library.sequence == OLD
    site.maintenance().board.sensed.flags &= ~ports.RF_KEY_SWITCH
    site.pump.press(ports.KEY_FIELD + ports.FIELD_TAKE, NEW)
    site.pump.press(ports.KEY_CONFIRM)
    assert site.pump.status.message == msg.KEY_NEEDED
    assert site.start().app.library.sequence == OLD


def test_a_therapy_that_began_in_between_makes_the_word_worthless():
    """Its start raises the secure counter, by which the word holds; the entry that runs is of the library before."""
    site = Carried()
    site.start()
    site.stage(parcel())
    assert site.confirm() == msg.AT_NEXT_START
    site.counter.advance()
    found = intake.take_in(site.pump.board)[1]
    assert [end[1] | end[2] << 8 for end in found.ends] == [refusal.NOT_CONFIRMED]
    assert site.in_force()[0] == OLD


def test_a_store_that_refuses_and_an_error_of_the_firmware_leave_what_was_in_force(monkeypatch):
    for what, due in (("write", refusal.STORE), ("raises", refusal.BROKE_OFF)):
        site = Carried()
        site.start()
        site.stage(parcel())
        site.confirm()
        with monkeypatch.context() as broken:
            if what == "write":
                broken.setattr(intake.Libraries, "write", lambda self, data: ports.ERR_FAILED)
            else:
                broken.setattr(settling.soundness, "check", lambda *_: 1 // 0)
            pump = site.start()
        pump.run(3_000)
        assert (site.in_force()[0], [one.values["code"] for one in site.told()]) == (OLD, [due])
        assert pump.status.message == msg.NOT_TAKEN


def test_a_copy_that_was_lost_is_made_anew_at_a_start():
    site = Carried()
    site.store.flip(AREAS[0], 300, 1)
    assert site.start().app.library.sequence == OLD
    assert site.store.content(AREAS[0]) == site.store.content(AREAS[1])


def test_a_pump_without_keys_reads_what_its_checksum_vouches_for():
    from firmware.main import gatekeeper_for
    from simulator.asked import board_of

    board = board_of(None, LIBRARY)
    assert not hasattr(gatekeeper_for(board), "library_areas")


# The host's side.


def test_two_pharmacists_sign_one_after_the_other():
    roots = keys.roots()
    ada, bo = keys.PHARMACISTS[3], keys.PHARMACISTS[4]
    number, manifest = lib.begin(numbered(NEW), roots)
    first = lib.pack(number, manifest, numbered(NEW), [lib.prover(roots, keys.public(ada), keys.once(ada))])
    with pytest.raises(SignProblem, match="another pharmacist"):
        lib.cosign(first, roots, keys.public(ada), keys.once(ada))
    both = lib.cosign(first, roots, keys.public(bo), keys.once(bo))
    assert both.pack() == parcel()
    with pytest.raises(SignProblem, match="2 have signed"):
        lib.cosign(both, roots, keys.public(bo), keys.once(bo))
    assert lib.content(both) == numbered(NEW)
    with pytest.raises(SignProblem, match="no pharmacist's"):
        lib.prover(roots, keys.PUBLIC, keys.sign)
    with pytest.raises(SignProblem, match="no compiled drug library"):
        lib.begin(b"x" * 400, roots)


def test_a_parcel_is_taken_apart_as_it_was_packed():
    for packed in (Packed(7, b"r", b"e", b"p"), Packed(7, b"r"), Packed(7, b"", b"e")):
        assert unpack(packed.pack()) == packed
    for data in (b"", b"KVOP", Packed(7).pack(), Packed(7, b"", b"", b"p").pack(), Packed(7, b"r").pack() + b"x"):
        with pytest.raises(SignProblem):
            unpack(data)


def test_shipped_libraries_are_sound():
    from firmware.therapy import soundness
    from simulator.files.library import compile_library, load_library
    from simulator.files.programme import shipped_libraries

    for path in shipped_libraries().values():
        data = compile_library(load_library(path))
        assert soundness.check(data, int.from_bytes(data[8:12], "little")) == soundness.SOUND, path
        assert data[4] == layout.LIBRARY_VERSION
