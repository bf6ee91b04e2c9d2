"""The mailbox of bytes loses, repeats and mixes nothing, wherever one side pre-empts the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.trust.ring import Ring
from tests.trust.preempt import everywhere


def taken(ring, limit=64):
    into = bytearray(limit)
    return bytes(into[: ring.take(into)])


@given(
    st.integers(2, 9),
    st.lists(st.one_of(st.binary(max_size=12), st.integers(0, 12)), max_size=40),
)
def test_it_is_a_queue_that_takes_what_fits(size, steps):
    ring, model = Ring(size), bytearray()
    for step in steps:
        if isinstance(step, bytes):
            room = size - 1 - len(model)
            assert ring.room() == room
            assert ring.put(step, len(step)) == min(len(step), room)
            model += step[:room]
        else:
            assert taken(ring, step) == bytes(model[:step])
            del model[:step]
        assert ring.waiting() == len(model)
    assert taken(ring) == bytes(model)


def filled(size, turned, waiting):
    """A ring whose places stand at `turned`, with `waiting` bytes in it: 1, 2, 3, …"""
    ring = Ring(size)
    for _ in range(turned):
        ring.put(b"\0", 1)
        taken(ring)
    ring.put(bytes(range(1, waiting + 1)), waiting)
    return ring


CASES = [(5, turned, waiting) for turned in range(5) for waiting in range(5)]


@pytest.mark.parametrize(("size", "turned", "waiting"), CASES)
def test_a_taker_between_any_two_bytecodes_of_a_put(size, turned, waiting):
    def make():
        ring, got, put = filled(size, turned, waiting), bytearray(), []
        new = bytes(range(101, 104))

        def verdict():
            got.extend(taken(ring))
            return bytes(got) == bytes(range(1, waiting + 1)) + new[: put[0]] and put[0] >= min(3, size - 1 - waiting)

        return lambda: put.append(ring.put(new, 3)), lambda: got.extend(taken(ring)), verdict

    verdicts = list(everywhere(make))
    assert len(verdicts) > 20
    assert all(verdicts)


@pytest.mark.parametrize(("size", "turned", "waiting"), CASES)
def test_a_putter_between_any_two_bytecodes_of_a_take(size, turned, waiting):
    def make():
        ring, got, put = filled(size, turned, waiting), bytearray(), []
        new = bytes(range(101, 104))

        def verdict():
            got.extend(taken(ring))
            return bytes(got) == bytes(range(1, waiting + 1)) + new[: put[0]] and put[0] >= min(3, size - 1 - waiting)

        return lambda: got.extend(taken(ring, 2)), lambda: put.append(ring.put(new, 3)), verdict

    verdicts = list(everywhere(make))
    assert len(verdicts) > 20
    assert all(verdicts)


class PublishesFirst(Ring):
    """A mutant: the place is told before the bytes lie there."""

    __slots__ = ()

    def put(self, data, count):
        count = min(count, self.room())
        place = self._next
        self._next = (place + count) % self._size
        for index in range(count):
            self._bytes[(place + index) % self._size] = data[index]
        return count


def test_the_order_of_writing_matters():
    """So that the tests above can fail."""

    def make():
        ring, got = PublishesFirst(5), bytearray()
        return lambda: ring.put(b"abc", 3), lambda: got.extend(taken(ring)), lambda: bytes(got) in (b"", b"abc")

    assert not all(everywhere(make))


@pytest.mark.parametrize("count", [-1, -(2**40), 0])
def test_a_count_below_one_puts_nothing(count):
    ring = Ring(8)
    ring.put(b"xy", count)
    assert ring.waiting() == 0


def test_a_count_past_the_end_puts_nothing():
    ring = Ring(8)
    with pytest.raises(IndexError):
        ring.put(b"xy", 5)
    assert ring.waiting() == 0
