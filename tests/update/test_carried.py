"""A drug library that is carried to a pump: in force by two pharmacists and a person at the bedside, or not at all."""

from firmware.therapy import messages as msg
from tools.update_cases.carried import NEW, OLD, Carried, numbered, parcel


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
    assert [(one.values["what"], one.values["code"], one.values["number"], one.values["first"],
             one.values["second"]) for one in site.told()] == [(2, 0, NEW, 3, 4)]  # fmt: skip
    site.start().run(3_000)
    assert len(site.told()) == 1


def test_who_may_not_say_so_and_when():
    site = Carried()
    site.start()
    assert site.confirm() == msg.NOTHING_STAGED
    site.stage(parcel())
    assert site.confirm(who=0) == msg.AT_NEXT_START
