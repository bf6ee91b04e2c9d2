"""The card reader: UIDs of every length, two cards at once, none, and a reader that is gone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.ports import CARD_ANSWER, ERR_ABSENT, ERR_FAILED, OK
from hal.stubs.devices.mfrc522 import Card as Plastic
from hal.stubs.devices.mfrc522 import crc_a
from tests.pico.desk import desk


def _run(d, card, ms, step_ms=10):
    codes = []
    for _ in range(ms // step_ms):
        codes.append(card.idle(d.now_ms()))
        d.pass_ms(step_ms)
    return codes


def _card(d):
    from hal.pico.card import Card

    card = Card()
    _run(d, card, 200)
    return card


def _uids(length):
    # 88 is the cascade tag: no card has it as its first byte, nor a longer one as its fourth.
    return st.binary(min_size=length, max_size=length).filter(
        lambda uid: uid[0] != 0x88 and (length < 10 or uid[3] != 0x88)
    )


@pytest.mark.parametrize("length", [4, 7, 10])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_card_is_read_and_named_the_same_each_time(length, data):
    uid = data.draw(_uids(length))
    with desk() as d:
        card = _card(d)
        assert card.present() == -1
        d.reader.field.append(Plastic(uid))
        _run(d, card, 600)
        assert bytes(card.uid[: card.uid_length]) == uid
        number = card.present()
        assert 0 <= number < 1 << 30
        _run(d, card, 3000)
        assert card.present() == number, "while it lies there"
        d.reader.field.clear()
        _run(d, card, 1500)
        assert card.present() == -1
        d.reader.field.append(Plastic(uid))
        _run(d, card, 1000)
        assert card.present() == number


def test_a_uid_is_all_that_there_is_and_no_card_is_asked():
    with desk() as d:
        card = _card(d)
        d.reader.field.append(Plastic(bytes([4, 1, 2, 3])))
        _run(d, card, 600)
        into = bytearray(CARD_ANSWER)
        assert card.present() >= 0
        assert card.ask(b"question") == card.answer(into) == ERR_ABSENT
        assert into == bytes(CARD_ANSWER)


def test_cards_have_numbers_of_their_own():
    numbers = set()
    for last in range(40):
        with desk() as d:
            card = _card(d)
            d.reader.field.append(Plastic(bytes([4, 1, 2, last])))
            _run(d, card, 600)
            numbers.add(card.present())
    assert len(numbers) == 40
    assert -1 not in numbers


def test_two_cards_are_nobody():
    with desk() as d:
        card = _card(d)
        d.reader.field.append(Plastic(b"\x01\x02\x03\x04"))
        _run(d, card, 600)
        assert card.present() >= 0
        d.reader.field.append(Plastic(b"\x05\x06\x07\x08"))
        _run(d, card, 1500)
        assert card.present() == -1
        assert card.collisions > 0


def test_a_reader_that_is_not_there_is_a_code_and_is_found_when_it_comes():
    with desk() as d:
        from hal.pico.card import Card

        d.reader.present = False
        card = Card()
        assert set(_run(d, card, 12_000)) == {ERR_FAILED}
        d.reader.present = True
        d.reader.field.append(Plastic(b"\x01\x02\x03\x04"))
        assert _run(d, card, 8000)[-1] == OK
        assert card.present() >= 0


def test_a_reader_that_dies_is_noticed():
    with desk() as d:
        card = _card(d)
        d.reader.field.append(Plastic(b"\x01\x02\x03\x04"))
        _run(d, card, 600)
        assert card.present() >= 0
        d.reader.present = False
        assert _run(d, card, 3000)[-1] == ERR_FAILED
        assert card.present() == -1


def test_one_call_is_short_and_an_empty_reader_costs_little():
    with desk() as d:
        card = _card(d)
        d.reader.field.append(Plastic(b"\x01\x02\x03\x04\x05\x06\x07"))
        longest = 0
        for _ in range(300):
            before = d.chip.us
            card.idle(d.now_ms())
            longest = max(longest, d.chip.us - before)
            d.pass_ms(10)
        assert longest <= 500  # µs of the bus; the interpreter's own come to it


def test_crc_a_is_the_standards():
    assert crc_a(b"\x00\x00") == b"\xa0\x1e"  # ISO/IEC 14443-3, annex B
    assert crc_a(b"\x12\x34") == b"\x26\xcf"
    with desk():
        from hal.pico import card

        frame = bytearray(b"\x12\x34\x00\x00")
        card._crc_a(frame, 2)
        assert bytes(frame[2:]) == b"\x26\xcf"


@settings(max_examples=40, deadline=None)
@given(noise=st.lists(st.integers(0, 255), min_size=1, max_size=200))
def test_a_reader_that_babbles_is_survived(noise):
    with desk() as d:
        card = _card(d)
        babble = iter(noise)
        real = d.reader.exchange
        d.reader.exchange = lambda byte: _or(next(babble, None), real(byte))
        _run(d, card, 2000)
        d.reader.field.append(Plastic(b"\x01\x02\x03\x04"))
        _run(d, card, 7000)
        assert card.present() >= 0


def _or(first, second):
    return second if first is None else first
