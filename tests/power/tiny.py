"""A firmware of a page that keeps its state over a reset, well or, by `wrongs`, badly. To try the judge on."""

import struct

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from firmware.therapy.dosing import lease_units, step_rate_mhz
from firmware.therapy.heads import step_volume
from hal import ports
from hal.compat import crc32, ticks_add, ticks_diff

RATE_UL_H = 15_000
BOLUS_UL_H = 100_000
BOLUS_MS = 20_000
LOCKOUT_S = 300
VTBI_UL = 40_000
PROGRESS_MS = 2_000
SELF_TEST_MS = 1_000
OFF_LIMIT_S = 60  # of every drug whose entry says nothing else
_RECORD = struct.Struct("<BBIIII")  # magic, state, sequence, delivered µL, lock-out s, rtc s
_SIZE = _RECORD.size + 4
_MAGIC = 0x51
_AREAS = (ports.AREA_JOURNAL_A, ports.AREA_JOURNAL_B)


class Shown:
    """What `Home` asks of a controller."""

    def __init__(self):
        self.status = ports.Status()


class TinyPump:
    """Matches what a home asks of an App. Infuses at one rate, gives one bolus, resumes."""

    wrongs = frozenset()

    def __init__(self, board):
        self.board = board
        self.drive = ports.Drive()
        self.readings = ports.Readings()
        self.controller = Shown()
        self.status = self.controller.status
        self.step_ul = step_volume(board.head, 5) / 3_600_000
        self.began_ms = self.last_ms = board.clock.ticks_ms()
        self.state = t.ST_SELF_TEST
        self.lockout_ms = self.bolus_ms = self.progress_ms = 0
        self.delivered_ul = 0.0
        self.count = 0
        self.sequence = self.area = self.offset = 0
        self.kept = self.find()
        board.scratch.write(board.scratch.read() | 2)
        self.warm = board.scratch.read() & 4
        board.scratch.write(6)

    # The journal.

    def find(self):
        best = None
        for area in _AREAS:
            into = bytearray(self.board.store.size(area))
            self.board.store.read(area, 0, into)
            for offset in range(0, len(into) - _SIZE + 1, _SIZE):
                if into[offset] != _MAGIC and into[offset : offset + _SIZE] != b"\xff" * _SIZE:
                    continue
                values = _RECORD.unpack_from(into, offset)
                (crc,) = struct.unpack_from("<I", into, offset + _RECORD.size)
                whole = crc == crc32(bytes(into[offset : offset + _RECORD.size]))
                good = values[0] == _MAGIC and (whole or "trusts torn records" in self.wrongs)
                if good and (best is None or values[2] > best[2]):
                    best = values
                    self.area, self.offset = area, offset + _SIZE
        if best is not None:
            self.sequence = best[2]
            into = bytearray(_SIZE)  # behind it may lie a torn one
            while self.offset + _SIZE <= self.board.store.size(self.area):
                self.board.store.read(self.area, self.offset, into)
                if into == b"\xff" * _SIZE:
                    break
                self.offset += _SIZE
        return best

    def keep(self, state):
        store = self.board.store
        in_place = "writes in place" in self.wrongs
        if in_place:
            store.erase(_AREAS[0])
            self.area, self.offset = _AREAS[0], 0
        elif not self.area or self.offset + _SIZE > store.size(self.area):
            self.area = _AREAS[1] if self.area == _AREAS[0] else _AREAS[0]
            store.erase(self.area)
            self.offset = 0
        self.sequence += 1
        rtc = max(self.readings.rtc_s, 0)
        delivered = 0 if "forgets the volume" in self.wrongs else int(self.delivered_ul) + 2
        body = _RECORD.pack(_MAGIC, state, self.sequence, delivered, -(-self.lockout_ms // 1000), rtc)
        store.write(self.area, self.offset, body + struct.pack("<I", crc32(body)))
        self.offset += _SIZE
        self.progress_ms = 0

    # The turn.

    def step(self):
        board, r = self.board, self.readings
        board.read(r)
        now = board.clock.ticks_ms()
        elapsed, self.last_ms = ticks_diff(now, self.last_ms), now
        self.delivered_ul += ticks_diff(r.step_count, self.count) * self.step_ul
        self.count = r.step_count
        self.lockout_ms = max(self.lockout_ms - elapsed, 0)
        self.bolus_ms = max(self.bolus_ms - elapsed, 0)
        if self.state == t.ST_BOLUS and not self.bolus_ms:
            self.state = t.ST_INFUSING
        before = self.state
        if self.state == t.ST_SELF_TEST:
            if ticks_diff(now, self.began_ms) >= SELF_TEST_MS:
                self.resume(r)
        else:
            self.key(r.key)
        self.ask()
        board.write(self.drive)
        self.progress_ms += elapsed
        if self.state != before or (self.state in (t.ST_INFUSING, t.ST_BOLUS) and self.progress_ms >= PROGRESS_MS):
            self.keep(self.state)
        self.show()
        board.show(self.status)

    def key(self, key):
        if key == ports.KEY_START and self.state in (t.ST_STANDBY, t.ST_PAUSED):
            self.keep(t.ST_INFUSING)
            self.state = t.ST_INFUSING
            self.status.therapy_alarms = 0
        elif key in (ports.KEY_STOP, ports.KEY_PAUSE) and self.state in (t.ST_INFUSING, t.ST_BOLUS):
            self.state = t.ST_PAUSED
        elif key == ports.KEY_PATIENT_BOLUS and self.state == t.ST_INFUSING and not self.lockout_ms:
            self.lockout_ms = LOCKOUT_S * 1000
            self.keep(t.ST_BOLUS)
            self.state = t.ST_BOLUS
            self.bolus_ms = BOLUS_MS

    def resume(self, r):
        kept = self.kept
        self.state = t.ST_STANDBY
        if kept is None:
            return
        _, state, _, self.delivered_ul, lockout_s, rtc_s = kept
        self.lockout_ms = 0 if "forgets the lock-out" in self.wrongs else lockout_s * 1000
        knows = self.warm or 0 <= r.rtc_s <= rtc_s + OFF_LIMIT_S
        if state in (t.ST_INFUSING, t.ST_BOLUS) and "forgets the volume" not in self.wrongs:
            rate = RATE_UL_H + (BOLUS_UL_H if state == t.ST_BOLUS else 0)
            self.delivered_ul += rate * (PROGRESS_MS + 200) / 3_600_000  # since the record, at most
        if state in (t.ST_INFUSING, t.ST_BOLUS) or "ignores a stop" in self.wrongs:
            goes_on = (knows or "guesses the time off" in self.wrongs) and "never resumes" not in self.wrongs
            self.state = t.ST_INFUSING if goes_on else t.ST_PAUSED
            if "tells nobody" not in self.wrongs:
                self.status.therapy_alarms = 1 << (al.AL_RESUMED if goes_on else al.AL_WAITS)
            if goes_on and state == t.ST_BOLUS and "gives the bolus again" in self.wrongs:
                self.state, self.bolus_ms = t.ST_BOLUS, BOLUS_MS
            if "makes up for the time" in self.wrongs:
                self.bolus_ms, self.state = 60_000, t.ST_BOLUS
        else:
            self.state = state

    def ask(self):
        drive = self.drive
        flows = self.state in (t.ST_INFUSING, t.ST_BOLUS)
        rate = (RATE_UL_H + (BOLUS_UL_H if self.state == t.ST_BOLUS else 0)) if flows else 0
        volume = step_volume(self.board.head, 5)
        drive.step_rate_mhz = step_rate_mhz(rate, volume)
        drive.step_end = ticks_add(self.count, lease_units(rate) // volume)
        drive.enable = drive.relay = int(flows)
        self.status.rate_ul_h = rate

    def show(self):
        status = self.status
        status.delivery = self.state
        status.bolus = ports.KEY_PATIENT_BOLUS if self.state == t.ST_BOLUS else 0
        status.lockout_s = -(-self.lockout_ms // 1000)
        status.vtbi_ul = VTBI_UL - int(self.delivered_ul)
        status.window_ul = int(self.delivered_ul)


def wrong(what):
    """A TinyPump with one thing wrong with it."""
    return type("TinyPump", (TinyPump,), {"wrongs": frozenset((what,))})
