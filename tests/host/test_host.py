"""A PC's clock, files and terminal behind the ports."""

import io
import os

import pytest

from firmware.therapy import tables as t
from firmware.therapy.journal import Journal
from hal import ports
from hal.compat import MASK, ticks_diff
from hal.host.clock import HostClock, HostRtc
from hal.host.files import FileCounter, FileStore, HostEntropy
from hal.host.terminal import Terminal
from simulator.ideal import IdealPump, prescription
from simulator.names import ALARMS, MESSAGES

A = ports.AREA_JOURNAL_A


def test_the_clock_counts_milliseconds_and_wraps():
    now = [5_000_000]
    clock = HostClock(start_ms=MASK, monotonic_ns=lambda: now[0])
    assert clock.ticks_ms() == MASK
    now[0] += 3_000_000
    assert clock.ticks_ms() == 2
    assert ticks_diff(clock.ticks_ms(), MASK) == 3


def test_the_rtc_counts_from_2020():
    assert HostRtc().read_s() > 180_000_000


def test_a_store_keeps_what_was_written_and_only_clears_bits(tmp_path):
    store = FileStore(tmp_path)
    assert store.write(A, 10, b"\x0f\xf0") == ports.OK
    again = FileStore(tmp_path)
    read = bytearray(4)
    assert again.read(A, 9, read) == ports.OK
    assert bytes(read) == b"\xff\x0f\xf0\xff"
    assert again.write(A, 10, b"\xff") == ports.ERR_FAILED
    assert again.erase(A) == ports.OK
    assert again.write(A, 10, b"\xff") == ports.OK


@pytest.mark.parametrize(("area", "offset", "length"), [(A, -1, 2), (A, 65_535, 2), (9, 0, 1)])
def test_a_store_refuses_what_is_not_in_it(tmp_path, area, offset, length):
    store = FileStore(tmp_path)
    assert store.read(area, offset, bytearray(length)) == ports.ERR_RANGE
    assert store.write(area, offset, bytes(length)) == ports.ERR_RANGE
    assert store.size(9) == 0
    assert store.erase(9) == ports.ERR_RANGE


def test_a_store_whose_files_are_gone_answers_and_does_not_raise(tmp_path):
    store = FileStore(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    assert store.read(A, 0, bytearray(1)) == ports.ERR_FAILED
    assert store.write(A, 0, b"\x00") == ports.ERR_FAILED
    assert store.erase(A) == ports.ERR_FAILED


def test_a_journal_goes_on_where_it_ended(tmp_path):
    journal = Journal(FileStore(tmp_path))
    assert journal.append(1, b"first") == ports.OK
    again = Journal(FileStore(tmp_path))
    assert again.append(1, b"second") == ports.OK
    read = bytearray(60)
    assert FileStore(tmp_path).read(A, 0, read) == ports.OK
    assert b"first" in read
    assert b"second" in read


def test_a_journal_turns_to_its_other_area_when_one_is_full(tmp_path):
    journal = Journal(FileStore(tmp_path))
    for _ in range(140):
        assert journal.append(1, bytes(500)) == ports.OK
    read = bytearray(1)
    assert FileStore(tmp_path).read(ports.AREA_JOURNAL_B, 0, read) == ports.OK
    assert read != b"\xff"
    again = Journal(FileStore(tmp_path))  # after a reset it goes on there, and erases nothing
    assert again.append(1, b"behind the rest") == ports.OK
    whole = bytearray(64 * 1024)
    assert FileStore(tmp_path).read(ports.AREA_JOURNAL_B, 0, whole) == ports.OK
    assert bytes(whole).count(bytes(500)) == 140 - (64 * 1024 - 12) // 508
    assert b"behind the rest" in whole


def test_the_counter_only_rises_and_says_when_it_is_damaged(tmp_path):
    path = tmp_path / "counter"
    counter = FileCounter(path)
    assert (counter.read(), counter.advance(), counter.advance(), counter.read()) == (0, ports.OK, ports.OK, 2)
    path.write_text("x")
    assert counter.read() == -1
    assert counter.advance() == ports.ERR_FAILED


def test_entropy_fills():
    one, two = bytearray(32), bytearray(32)
    assert HostEntropy().fill(one) == ports.OK
    HostEntropy().fill(two)
    assert one != two


def test_the_terminal_reads_keys_without_waiting():
    reader, writer = os.pipe()
    terminal = Terminal(reader, io.StringIO())
    assert terminal.key() == ports.KEY_NONE
    os.write(writer, b"?s")
    assert terminal.key() == ports.KEY_STOP
    os.close(writer)
    assert terminal.key() == ports.KEY_NONE
    os.close(reader)


NAMES = {"delivery": t.DELIVERY_NAMES, "trust": t.TRUST_NAMES, "alarm": ALARMS, "message": MESSAGES}


def panel(pump, ticks, terminal, screen):
    """What the panel's lines are after so many ticks."""
    for _ in range(ticks):
        pump.tick()
        terminal.show(pump.status)
    return screen.getvalue().replace("\a", "").split("\n")[-4:-1]


def test_the_panel_shows_states_alarms_and_what_is_left():
    screen = io.StringIO()
    terminal = Terminal(0, screen, NAMES, colour=False)
    pump = IdealPump(ports.HEAD_SYRINGE)
    sensed = pump.board.sensed
    sensed.reservoir_ul, sensed.size_um = 42_000, 26_720
    pump.start(prescription(6_562, head=ports.HEAD_SYRINGE))
    assert panel(pump, 30, terminal, screen) == [
        "○ no alarm",
        "  infusing         6.562 mL/h   given 0.005 mL   6 h 19 min left",
        "  normal       battery –",
    ]
    shown = screen.getvalue()
    terminal.show(pump.status)
    assert screen.getvalue() == shown  # nothing has changed
    sensed.flags |= ports.RF_CLAMP_OPEN
    assert panel(pump, 1, terminal, screen)[0] == "● HIGH   syringe or set not in place   ♪ 523 Hz"
    assert panel(pump, 3, terminal, screen)[0] == "○ HIGH   syringe or set not in place"
    pump.press(ports.KEY_AUDIO_PAUSE)
    pump.press(ports.KEY_START)
    assert panel(pump, 4, terminal, screen)[0] == "○ HIGH   syringe or set not in place   sound paused"
    assert screen.getvalue().endswith("battery –   clear the hazard first\n")


def test_the_bell_rings_once_a_burst_and_not_in_a_pause():
    screen = io.StringIO()
    terminal = Terminal(0, screen, NAMES)
    pump = IdealPump()
    pump.start(prescription(60_000))
    pump.board.sensed.flags |= ports.RF_DOOR_OPEN
    panel(pump, 235, terminal, screen)
    assert screen.getvalue().count("\a") == 3  # at 0, 8 and 16 s
    pump.press(ports.KEY_AUDIO_PAUSE)
    panel(pump, 1_000, terminal, screen)
    assert screen.getvalue().count("\a") == 3


def test_the_lamp_blinks_in_its_colour_and_in_place():
    screen = io.StringIO()
    terminal = Terminal(0, screen)
    status = ports.Status()
    status.priority, status.alarm = 2, 14
    for lamp in (ports.LAMP_YELLOW, ports.LAMP_DARK, ports.LAMP_YELLOW):
        status.lamp = lamp
        terminal.show(status)
    text = screen.getvalue()
    assert text.count("\x1b[33;1m●") == 2
    assert text.count("○") == 1
    assert text.count("\x1b[3A") == 2  # each drawing but the first begins where the last one did
    assert "MEDIUM 14" in text  # a code without a name is shown as it is
