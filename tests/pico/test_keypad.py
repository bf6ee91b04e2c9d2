"""The keypad: bounce, ghosts, keys that are held, numbers that are typed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal import ports
from hal.ports import ERR_FAILED, OK
from tests.pico.desk import PLACES, TURN_MS, desk


class Hands:
    """A keypad driver in turns, and the events that it gave."""

    def __init__(self, d, idle=True):
        from hal.pico.i2c_bus import Bus
        from hal.pico.keypad import Keypad

        self.d = d
        self.keypad = Keypad(Bus())
        self.idle = idle
        self.events = []
        self.turns(3)  # it begins blocked until all keys were seen up

    def pass_ms(self, ms):
        """Turns each 100 ms, the main loop each 10."""
        for _ in range(ms // 10):
            self.d.pass_ms(10)
            if self.idle:
                self.keypad.idle(self.d.now_ms())
            if self.d.chip.us // 10_000 % 10 == 0:
                self.turn()

    def turn(self):
        self.d.readings.key = ports.KEY_NONE
        rc = self.keypad.read(self.d.readings)
        if self.d.readings.key:
            self.events.append((self.d.readings.key, self.d.readings.key_value))
        return rc

    def turns(self, count):
        for _ in range(count):
            self.d.pass_ms(TURN_MS)
            self.turn()

    def tap(self, *names, ms=100):
        for name in names:
            self.d.press(name)
            self.pass_ms(ms)
            self.d.release()
            self.pass_ms(200)


PLAIN = {
    "A": ports.KEY_START, "B": ports.KEY_PAUSE, "C": ports.KEY_AUDIO_PAUSE, "*": ports.KEY_CANCEL,
    "#": ports.KEY_CONFIRM,
}  # fmt: skip
SECOND = {
    "A": ports.KEY_PROGRAMME, "B": ports.KEY_STANDBY, "C": ports.KEY_ACKNOWLEDGE, "1": ports.KEY_PATIENT_BOLUS,
    "2": ports.KEY_CLINICIAN_BOLUS, "7": ports.KEY_MAINTENANCE_ON, "8": ports.KEY_MAINTENANCE_OFF,
}  # fmt: skip


def test_every_key_of_the_firmware_can_be_reached():
    with desk() as d:
        hands = Hands(d)
        for name in PLAIN:
            hands.tap(name)
        for name in SECOND:
            hands.tap("D", name)
        hands.tap("D", "3", "D", "9")
        keys = [key for key, _ in hands.events]
        held = [ports.KEY_PRIME_ON, ports.KEY_PRIME_OFF, ports.KEY_GLASS_ON, ports.KEY_GLASS_OFF]
        assert keys == [*PLAIN.values(), *SECOND.values(), *held]
        # All there are but Stop, which has a wire of its own.
        assert set(keys) == set(range(ports.KEY_START, ports.KEY_GLASS_OFF + 1))


@pytest.mark.parametrize("idle", [True, False])
@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from("ABC*#"),
    phase=st.integers(0, 9),
    down=st.lists(st.booleans(), max_size=4),
    up=st.lists(st.booleans(), max_size=4),
    hold=st.integers(12, 60),
)
def test_contacts_that_bounce_give_exactly_one_key(idle, name, phase, down, up, hold):
    with desk() as d:
        hands = Hands(d, idle)
        hands.pass_ms(phase * 10)
        for bounce in (down, up):
            for closed in bounce:  # 5 ms each, 20 in all
                (d.press if closed else lambda _: d.release())(name)
                d.pass_ms(5)
                if idle:
                    hands.keypad.idle(d.now_ms())
            if bounce is down:
                d.press(name)
                d.chip.advance(10_000 - d.chip.us % 10_000)
                hands.pass_ms(hold * 10)
        d.release()
        d.chip.advance(10_000 - d.chip.us % 10_000)
        hands.pass_ms(400)
        assert [key for key, _ in hands.events] == [PLAIN[name]]


def test_a_tap_between_two_turns_is_seen_by_the_main_loop():
    with desk() as d:
        hands = Hands(d)
        d.chip.advance(100_000 - d.chip.us % 100_000)
        hands.pass_ms(10)
        d.press("A")
        hands.pass_ms(60)
        d.release()
        assert hands.events == []
        hands.pass_ms(100)
        assert hands.events == [(ports.KEY_START, 0)]


@settings(max_examples=60, deadline=None)
@given(names=st.sets(st.sampled_from(PLACES), min_size=2, max_size=5), data=st.data())
def test_several_keys_at_once_are_none_and_nor_is_what_is_left_of_them(names, data):
    with desk() as d:
        hands = Hands(d)
        d.press(*names)
        hands.pass_ms(300)
        kept = data.draw(st.sampled_from(sorted(names)))
        d.release()
        d.press(kept)  # one stays down
        hands.pass_ms(300)
        assert hands.events == []
        d.release()
        hands.pass_ms(300)
        hands.tap("A")
        assert hands.events == [(ports.KEY_START, 0)]


def test_a_key_that_is_down_at_boot_is_stuck_until_it_is_let_go():
    with desk() as d:
        d.press("A")
        hands = Hands(d)
        hands.pass_ms(2000)
        d.release()
        hands.pass_ms(200)
        assert hands.events == []
        hands.tap("A")
        assert hands.events == [(ports.KEY_START, 0)]


@pytest.mark.parametrize("ending", ["let go", "a second key", "the part falls silent", "the bus is held"])
@pytest.mark.parametrize(("name", "on", "off"), [("3", 8, 9), ("9", 16, 17)])
def test_a_hold_ends_whatever_ends_it(ending, name, on, off):
    with desk() as d:
        hands = Hands(d)
        hands.tap("D")
        d.press(name)
        hands.pass_ms(3000)
        assert hands.events == [(on, 0)]
        if ending == "let go":
            d.release()
        elif ending == "a second key":
            d.press("5")
        elif ending == "the part falls silent":
            d.keypad.present = False
        else:
            plan = iter(["hold"])
            d.rtc.plan = lambda: next(plan, None)
            d.keypad.plan = lambda: next(plan, None)
        hands.pass_ms(200)
        assert hands.events == [(on, 0), (off, 0)]


def test_a_silent_expander_is_said_after_three_scans_and_forgotten_when_it_is_back():
    with desk() as d:
        hands = Hands(d, idle=False)
        d.keypad.present = False
        codes = []
        for _ in range(4):
            d.pass_ms(TURN_MS)
            codes.append(hands.turn())
        assert codes == [OK, OK, ERR_FAILED, ERR_FAILED]
        d.keypad.present = True
        d.keypad.lose_power()
        d.pass_ms(TURN_MS)
        assert hands.turn() == OK
        hands.idle = True
        hands.pass_ms(200)
        hands.tap("B")
        assert hands.events == [(ports.KEY_PAUSE, 0)]


@settings(max_examples=60, deadline=None)
@given(field=st.integers(1, 24), value=st.integers(0, ports.KEY_FIELD * 1_000_000))
def test_a_number_that_is_typed_arrives(field, value):
    with desk() as d:
        hands = Hands(d)
        hands.tap(*str(field), "*", *str(value), "#", ms=60)
        assert hands.events == [(ports.KEY_FIELD + field, value)]
        assert hands.keypad.entry.stage == 0


@settings(max_examples=100, deadline=None)
@given(names=st.lists(st.sampled_from(PLACES), max_size=40))
def test_whatever_is_typed_each_event_is_one_the_firmware_knows(names):
    with desk():
        from hal.pico.entry import Entry

        entry = Entry()
        events = []
        for index, name in enumerate(names):
            entry.press(PLACES.index(name), index * 300)
            entry.look(PLACES.index(name), index * 300)
            entry.look(-1, index * 300 + 100)
            while entry.take():
                events.append((entry.key, entry.key_value))
            assert 0 <= entry.value <= 0x3FFFFFFF
            assert 0 <= entry.field < 100
        for key, value in events:
            assert 2 <= key <= 17 or 65 <= key <= 88
            assert 0 <= value <= 0x3FFFFFFF
        for on, off in ((8, 9), (16, 17)):
            keys = [key for key, _ in events if key in (on, off)]
            assert keys == [on, off] * (len(keys) // 2)


@pytest.mark.parametrize(
    ("typed", "events"),
    [
        ("6#", []), ("6*#", []), ("99*", []), ("0*5#", []), ("123*5#", []), ("6*9999999999#", []),
        ("6*5*", []), ("6*5A", [(2, 0)]), ("D6*5#", [(12, 0)]), ("DD", []), ("6*5*6*7#", [(70, 7)]),
    ],
)  # fmt: skip
def test_what_is_half_typed_or_too_long_is_not_taken(typed, events):
    with desk() as d:
        hands = Hands(d)
        if typed == "D6*5#":  # 6 means nothing after D; then * cancels, and 5# is no field
            events = [(ports.KEY_CANCEL, 0)]
        hands.tap(*typed, ms=60)
        assert hands.events == events


def test_what_is_half_typed_is_forgotten_in_half_a_minute():
    with desk() as d:
        hands = Hands(d)
        hands.tap("6", "*", "5")
        hands.pass_ms(29_000)
        assert hands.keypad.entry.value == 5
        hands.pass_ms(1500)
        assert hands.keypad.entry.stage == 0
        hands.tap("D")
        hands.pass_ms(5500)
        hands.tap("A")
        assert hands.events == [(ports.KEY_START, 0)]


def test_a_stop_in_the_same_turn_goes_first_and_the_key_waits():
    with desk() as d:
        hands = Hands(d)
        d.press("B")
        d.pass_ms(20)
        hands.keypad.idle(d.now_ms())
        d.readings.key = ports.KEY_STOP
        hands.keypad.read(d.readings)
        assert d.readings.key == ports.KEY_STOP
        hands.turns(1)
        assert hands.events == [(ports.KEY_PAUSE, 0)]


def test_a_scan_is_short():
    with desk() as d:
        hands = Hands(d, idle=False)
        before = d.chip.us
        hands.turn()
        assert d.chip.us - before <= 500
        d.press("5")
        before = d.chip.us
        hands.turn()
        assert d.chip.us - before <= 1000
