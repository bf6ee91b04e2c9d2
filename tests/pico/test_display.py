"""The display, read back from the model's RAM; its words against the firmware's tables."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.therapy import alarms as al
from firmware.therapy import messages as msg
from firmware.therapy import tables
from hal import ports
from hal.ports import ERR_FAILED, OK
from hal.stubs import framebuf
from simulator.names import ALARMS, MESSAGES
from tests.pico.desk import desk
from tests.pico.reading import screen


class Shown:
    """A display driver that is let run until it has no more to do."""

    def __init__(self, d):
        from hal.pico.display import Display
        from hal.pico.entry import Entry
        from hal.pico.i2c_bus import Bus

        self.d = d
        self.entry = Entry()
        self.display = Display(Bus(), self.entry)
        self.status = ports.Status()

    def after(self, ms=1500, **fields):
        for name, value in fields.items():
            setattr(self.status, name, value)
        self.display.show(self.status)
        for _ in range(ms // 10):
            self.display.idle(self.d.now_ms())
            self.d.pass_ms(10)
        return screen(self.d.display)


def test_rate_state_and_volume():
    with desk() as d:
        seen = Shown(d).after(rate_ul_h=12_500, delivery=tables.ST_INFUSING, delivered_ul=1234, battery_min=95)
        assert seen == ["    12.5", "mL/h", "INFUSING", "", "GIVEN    1.23 mL", "        BAT  95m"]


def test_an_alarm_has_the_large_line_and_the_state_the_small_one():
    with desk() as d:
        shown = Shown(d)
        shown.after(rate_ul_h=5000, delivery=tables.ST_INFUSING)
        seen = shown.after(
            delivery=tables.ST_STOPPED, rate_ul_h=0, alarm=al.AL_OCCLUSION_DOWN, priority=al.PRIORITY_HIGH, silenced=1
        )
        assert seen[:4] == ["       0", "mL/h    STOPPED", "OCCL DN", "SOUND PAUSED"]
        seen = shown.after(priority=0, alarm=0, delivery=tables.ST_STANDBY, message=msg.HAZARD, trust=tables.TR_OFFLINE)
        assert seen[:4] == ["       0", "mL/h", "STANDBY", "CLEAR HAZARD"]
        assert seen[5] == "OFFLINE"


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("6", "FIELD 6_"), ("6*", "VTBI _"), ("6*50000", "VTBI 50mL"), ("6*12340", "VTBI 12.34mL"),
        ("6*1", "VTBI 0.001mL"), ("7*3600", "TIME 3600s"), ("1*3", "DRUG 3"), ("4*70500", "WT   70.5kg"),
        ("D", "D: SECOND"), ("6*9999999999", "VTBI 999999.999m"), ("99", "FIELD 99_"), ("99#", "FIELD 99_ ?"),
    ],
)  # fmt: skip
def test_what_is_typed_is_shown_in_the_units_people_use(typed, line):
    from tests.pico.desk import PLACES

    with desk() as d:
        shown = Shown(d)
        for name in typed:
            shown.entry.press(PLACES.index(name), d.now_ms())
        assert shown.after()[4] == line


@settings(max_examples=100, deadline=None)
@given(value=st.integers(-(1 << 30), 1 << 30), places=st.integers(0, 3))
def test_a_number_keeps_its_value_and_has_no_zero_at_its_end(value, places):
    with desk():
        from hal.pico.display import fixed

        text = fixed(value, places, 0)
        assert round(float(text) * 10**places) == value
        assert not text.startswith(".") and not ("." in text and text.endswith("0"))


def test_before_the_first_turn_there_is_no_alarm():
    with desk() as d:
        shown = Shown(d)
        for _ in range(150):
            shown.display.idle(d.now_ms())
            d.pass_ms(10)
        assert screen(d.display)[2] == "SELFTEST"


def test_one_call_is_a_slice_of_the_bus():
    with desk() as d:
        shown = Shown(d)
        shown.display.show(shown.status)
        longest = 0
        for _ in range(100):
            before = d.chip.us
            assert shown.display.idle(d.now_ms()) == OK
            longest = max(longest, d.chip.us - before)
            d.pass_ms(10)
        assert 3000 < longest < 4500


def test_show_itself_touches_nothing():
    with desk() as d:
        shown = Shown(d)
        shown.after()
        before = d.chip.us
        for rate in range(1000):
            shown.status.rate_ul_h = rate
            shown.display.show(shown.status)
        assert d.chip.us == before


def test_a_display_that_lost_power_comes_back():
    with desk() as d:
        shown = Shown(d)
        good = shown.after(rate_ul_h=1000)
        d.display.lose_power()
        assert screen(d.display)[0] == ""
        assert shown.after(12_000) == good


def test_a_display_that_is_unplugged_is_a_code_and_comes_back():
    with desk() as d:
        shown = Shown(d)
        good = shown.after(rate_ul_h=1000)
        d.display.present = False
        for _ in range(20):
            shown.display.idle(d.now_ms())
            shown.status.rate_ul_h += 1
            shown.display.show(shown.status)
            d.pass_ms(100)
        assert shown.display.idle(d.now_ms()) == ERR_FAILED
        d.display.present = True
        d.display.lose_power()
        assert shown.after(4000, rate_ul_h=1000) == good


def _constants(module, prefix):
    return {name: value for name, value in vars(module).items() if name.startswith(prefix) and name != prefix}


def test_every_code_has_its_word():
    with desk():
        from hal.pico import words

        states = _constants(tables, "ST_")
        trust = _constants(tables, "TR_")
        assert len(words.STATES) == words.SHORT * len(states)
        assert len(words.TRUST) == words.SHORT * len(trust)
        assert len(words.ALARMS) == words.SHORT * (max(ALARMS) + 1)
        assert len(words.MESSAGES) == words.LONG * (max(MESSAGES) + 1)
        assert len(words.FIELDS) == words.SHORT * (max(_constants(ports, "FIELD_").values()) + 1)
        said = {code: words.short(words.ALARMS, code).strip() for code in ALARMS}
        assert all(said.values())
        assert len(set(said.values())) == len(said)
        for code in MESSAGES:
            assert bool(words.long(words.MESSAGES, code).strip()) == (code != msg.NONE)
        assert words.short(words.ALARMS, 99) == "?99"


def test_words_stand_at_their_codes():
    """Some whose place would show a slip of one: the first, the last, and those at the gap."""
    with desk():
        from hal.pico import words

        def alarm(code):
            return words.short(words.ALARMS, code).strip()

        assert [alarm(al.AL_OCCLUSION_DOWN), alarm(al.AL_AIR), alarm(al.AL_LATE), alarm(al.AL_OFFLINE)] == [
            "OCCL DN", "AIR", "LATE", "OFFLINE",
        ]  # fmt: skip
        assert [alarm(al.AL_KVO), alarm(al.AL_BREAK_GLASS), alarm(al.AL_LOG_LOST)] == ["KVO", "GLASS", "LOG GAP"]
        assert words.short(words.STATES, tables.ST_FAILED).strip() == "FAILED"
        assert words.short(words.STATES, tables.ST_INFUSING).strip() == "INFUSING"
        assert words.short(words.TRUST, tables.TR_ISOLATED).strip() == "ISOLATED"
        assert words.long(words.MESSAGES, msg.GLASS).strip() == "CARD OR GLASS"
        assert words.long(words.MESSAGES, msg.KEY_NEEDED).strip() == "TURN KEY SWITCH"
        assert words.short(words.FIELDS, ports.FIELD_VTBI_UL) == "VTBI kmL"
        assert words.short(words.FIELDS, ports.FIELD_PERSON) == "PERSON  "


def test_every_letter_has_been_drawn():
    with desk():
        from hal.pico import words

        used = set(words.STATES + words.TRUST + words.ALARMS + words.MESSAGES + words.FIELDS + "0123456789._?mL/h:-")
        assert used <= set(framebuf.letters())
        assert len({framebuf.glyph(letter) for letter in framebuf.letters()}) == len(framebuf.letters())


def test_what_changes_each_turn_does_not_keep_the_rest_from_being_shown():
    with desk() as d:
        shown = Shown(d)
        shown.after(rate_ul_h=1000, delivery=tables.ST_INFUSING)
        for turn in range(300):
            shown.status.delivered_ul = turn * 10
            if turn == 150:
                shown.status.alarm, shown.status.priority = al.AL_AIR, al.PRIORITY_HIGH
            shown.display.show(shown.status)
            shown.display.idle(d.now_ms())  # a main loop that comes by once a turn
            d.pass_ms(100)
        assert screen(d.display)[2] == "AIR"


def test_a_display_without_memory_to_draw_with_tries_again():
    with desk() as d:
        shown = Shown(d)
        shown.after(rate_ul_h=1000)
        draw = shown.display._large

        def no_memory(page, text):
            raise MemoryError

        shown.display._large = no_memory
        shown.after(rate_ul_h=2000)
        shown.display._large = draw
        assert shown.after(3000)[0] == "       2"
