"""Runs under MicroPython: read, write and show make no object; store and counter work. Argument: the root."""

import sys

sys.path.append(sys.argv[1])

import time

import rp2
from machine import mem32

from hal.compat import heap_lock, heap_unlock
from hal.pico.board import make_board
from hal.ports import AREA_JOURNAL_A, OK, Drive, Readings, Status

STEPS = (0, 1, 7, 40)


class Fitted:
    """A sensor and a panel that always answer, and nothing else."""

    def __init__(self):
        self.sensors = self.panel = (self,)
        self.rtc = self.link = self.identity = self

    def read_s(self):
        return -1

    def read(self, readings):
        return OK

    def show(self, status):
        pass


def drive_about(board, readings, drive, status):
    """Forwards, backwards, renewed, gated and stopped, the machine stepping in between."""
    machine = rp2.MADE[0]
    for turn in range(200):
        board.read(readings)
        drive.enable = 0 if turn % 50 == 49 else 1
        drive.relay = 1
        drive.step_rate_mhz = -3_000 if turn % 40 > 35 else 5_836_000 if turn % 7 else 794
        drive.step_end = (readings.step_count + (-30 if drive.step_rate_mhz < 0 else 300)) & 0x3FFFFFFF
        if turn == 120:
            mem32.word = 16
        board.write(drive)
        board.show(status)
        for steps in STEPS:
            if machine.x >= steps:
                machine.x -= steps
        machine.y = machine.osr // 2


def main():
    """Print what was seen."""
    time.ticks_ms()
    board = make_board(Fitted())
    readings, drive, status = Readings(), Drive(), Status()
    drive_about(board, readings, drive, status)
    counted = readings.step_count
    heap_lock()
    try:
        drive_about(board, readings, drive, status)
    finally:
        heap_unlock()
    data = b"record" * 60
    into = bytearray(len(data))
    assert board.store.write(AREA_JOURNAL_A, 200, data) == OK
    assert board.store.read(AREA_JOURNAL_A, 200, into) == OK and into == data
    assert board.store.erase(AREA_JOURNAL_A) == OK
    for count in range(20):
        assert board.counter.read() == count
        assert board.counter.advance() == OK
    assert board.entropy.fill(into) == OK
    print(counted != readings.step_count, board.failures)


main()
