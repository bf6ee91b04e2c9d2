"""UART and USB: bytes both ways, and nothing that waits."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hal import ports
from hal.ports import OK
from tests.pico.desk import desk


def test_bytes_go_both_ways_at_the_lines_speed():
    with desk() as d:
        from hal.pico.link import UartLink

        link = UartLink()
        world_in, world_out = d.chip.uart[0]
        world_in += bytes(range(200))
        into = bytearray(64)
        assert link.receive(into) == 0
        d.pass_ms(10)
        assert 100 <= link._uart.any() <= 120
        assert link.receive(into) == 64
        assert into == bytes(range(64))
        assert link.send(b"abcdef", 4) == 4
        d.pass_ms(1)
        assert bytes(world_out) == b"abcd"
        assert link.read(d.readings) == OK
        assert d.readings.flags & ports.RF_LINK_UP


@settings(max_examples=60, deadline=None)
@given(sends=st.lists(st.tuples(st.integers(-3, 700), st.integers(0, 60_000)), max_size=40))
def test_a_send_never_waits_and_loses_nothing(sends):
    with desk() as d:
        from hal.pico.link import UartLink

        link = UartLink()
        given_over = bytearray()
        for index, (count, us) in enumerate(sends):
            data = bytes((index + place) % 256 for place in range(max(count, 0) // 2))
            before = d.chip.us
            taken = link.send(data, count)
            assert d.chip.us == before, "it waited"
            assert 0 <= taken <= max(min(count, len(data)), 0)
            given_over += data[:taken]
            d.chip.advance(us)
        d.pass_ms(2000)
        assert d.chip.uart[0][1] == given_over
        assert link.send(bytes(600), 600) == 512


def test_room_is_right_after_days_of_silence():
    with desk() as d:
        from hal.pico.link import UartLink

        link = UartLink()
        for minutes in (8, 10, 17, 18, 40):
            assert link.send(bytes(512), 512) == 512
            assert link.send(b"x", 1) == 0
            d.chip.advance(minutes * 60_000_000)
            assert link.send(bytes(512), 512) == 512
            d.chip.advance(100_000)


def test_what_nobody_takes_is_lost_and_what_follows_is_not():
    with desk() as d:
        from hal.pico.link import UartLink

        link = UartLink()
        d.chip.uart[0][0].extend(b"a" * 800)
        d.pass_ms(200)
        into = bytearray(1000)
        assert link.receive(into) == 512
        assert link._uart.lost == 288
        d.chip.uart[0][0].extend(b"b" * 5)
        d.pass_ms(2)
        assert link.receive(into) == 5


class Port:
    """A USB host: `reads` whether anyone has the port open, `room` what it takes."""

    def __init__(self):
        self.waiting = bytearray()
        self.taken = bytearray()
        self.room = 10

    def ipoll(self, timeout):
        assert timeout == 0
        if self.waiting:
            yield self, 1
        if self.room:
            yield self, 4

    def readinto(self, into):
        assert self.waiting, "it would wait"
        into[0] = self.waiting.pop(0)
        return 1

    def write(self, data):
        assert self.room, "it would wait"
        self.room -= 1
        self.taken += data
        return 1


def test_usb_asks_before_each_byte():
    with desk() as d:
        from hal.pico.usb import UsbLink

        port = Port()
        link = UsbLink(port, port, port)
        assert link.send(b"0123456789abc", 13) == 10
        assert link.send(b"abc", 3) == 0
        link.read(d.readings)
        assert not d.readings.flags & ports.RF_LINK_UP
        port.room = 100
        link.read(d.readings)
        assert d.readings.flags & ports.RF_LINK_UP
        assert link.send(b"abc", 99) == 3
        assert link.send(b"abc", -1) == 0
        assert bytes(port.taken) == b"0123456789abc"
        port.waiting += b"\x03\x04xyz"
        into = bytearray(4)
        assert link.receive(into) == 4
        assert into == b"\x03\x04xy"
        assert link.receive(into) == 1
        assert link.receive(into) == 0
