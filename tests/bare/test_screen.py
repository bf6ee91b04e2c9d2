"""The screen sends what has changed and no more, to a terminal that takes it all, a little or nothing."""

from random import Random

import pyte
import pytest

from hal.bare.line import Line
from hal.bare.screen import OUT, PIECE, Screen

INKS = 9


class Taker:
    """A terminal that takes `most` bytes at a time, or at random."""

    def __init__(self, most=10**6, random=None):
        self.screen = pyte.Screen(80, 24)
        self.stream = pyte.ByteStream(self.screen)
        self.most = most
        self.random = random
        self.taken = 0
        self.offered = 0

    def put(self, buffer, count):
        assert len(buffer) == count <= PIECE < OUT
        self.offered += 1
        most = self.random.randrange(self.most + 1) if self.random else self.most
        taken = min(count, most)
        self.stream.feed(bytes(buffer[:taken]))
        self.taken += taken
        return taken


def settle(screen):
    for _ in range(60_000):
        screen.step()


def test_words_stand_where_they_were_put_in_their_ink():
    taker = Taker()
    screen = Screen(taker.put)
    screen.say(0, 0, b"left", 10, 1)
    screen.say(23, 70, b"corner ten", 10, 4)
    screen.draw()
    assert taker.screen.display[0].startswith("left ")
    assert taker.screen.display[23].endswith("corner ten")
    assert taker.screen.buffer[0][0].bold and taker.screen.buffer[23][79].bg == "red"
    assert taker.screen.cursor.hidden


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_written_and_however_little_is_taken_the_terminal_shows_it_in_the_end(seed):
    random = Random(seed)
    taker = Taker(random.choice((1, 7, 64)), random if seed % 2 else None)
    screen = Screen(taker.put)
    shown = [[" "] * 80 for _ in range(24)]
    for _ in range(100):
        row, column, width = random.randrange(24), random.randrange(80), random.randrange(1, 81)
        words = bytes(random.randrange(32, 127) for _ in range(random.randrange(1, 60)))
        screen.say(row, column, words, width, random.randrange(INKS))
        for place in range(min(width, 80 - column)):
            shown[row][column + place] = chr(words[place]) if place < len(words) else " "
        for _ in range(random.randrange(4)):
            screen.step()
    settle(screen)
    assert taker.screen.display == ["".join(row) for row in shown]


def test_what_has_not_changed_is_not_sent_again():
    taker = Taker()
    screen = Screen(taker.put)
    screen.say(3, 3, b"the same", 20)
    screen.draw()
    before = taker.taken
    for _ in range(10):
        screen.say(3, 3, b"the same", 20)
        screen.draw()
    assert taker.taken == before
    screen.say(3, 3, b"the sane", 20)
    screen.draw()
    assert taker.taken - before < 20


def test_nobody_who_reads_costs_one_look_a_step():
    taker = Taker(0)
    screen = Screen(taker.put)
    for number in range(1_000):
        screen.say(number % 24, 0, b"%d" % number, 10)
        before = taker.offered
        assert screen.step() is False
        assert taker.offered == before + 1
    assert taker.taken == 0


def test_who_comes_late_gets_a_whole_screen():
    taker = Taker(0)
    screen = Screen(taker.put)
    screen.say(5, 5, b"here", 4)
    for _ in range(100):
        screen.step()
    taker.stream.feed(b"a prompt, and what was typed before")
    taker.most = 1_000
    screen.draw()
    settle(screen)
    assert taker.screen.display[5][5:9] == "here"
    assert "prompt" not in "".join(taker.screen.display)


def test_without_colour_no_ink_is_sent():
    sent = bytearray()
    screen = Screen(lambda buffer, count: sent.extend(buffer) or count, colour=False)
    for ink in range(INKS):
        screen.say(ink, 0, b"words", 5, ink)
    screen.draw()
    assert bytes(sent).count(b"m") == 1, "the first clearing"


@pytest.mark.parametrize(
    ("value", "decimals", "width", "shown"),
    [
        (0, 0, 0, "0"), (7, 3, 0, "0.007"), (6562, 3, 9, "    6.562"), (-5, 0, 4, "  -5"), (-1234, 3, 0, "-1.234"),
        (1_073_741_823, 0, 3, "1073741823"), (10, 0, 2, "10"), (1000, 1, 0, "100.0"), (-7, 3, 8, "  -0.007"),
    ],
)  # fmt: skip
def test_numbers(value, decimals, width, shown):
    line = Line().number(value, decimals, width)
    assert bytes(line.bytes[: line.count]).decode() == shown


@pytest.mark.parametrize(
    ("minutes", "shown"), [(-1, "-"), (0, "0 min"), (59, "59 min"), (60, "1 h 00 min"), (515, "8 h 35 min")]
)
def test_minutes(minutes, shown):
    line = Line().minutes(minutes)
    assert bytes(line.bytes[: line.count]).decode() == shown


def test_a_line_is_cut_at_its_end():
    line = Line().add(b"x" * 100).number(5).clock(1)
    assert line.count == 80 and bytes(line.bytes) == b"x" * 80
