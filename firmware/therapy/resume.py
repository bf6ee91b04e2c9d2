"""What the journal says of the time before a reset, and what may follow from it.

Runs once at boot, outside the tick. Where the journal leaves a doubt, the most is assumed: volume
that may have been given since the last record counts as given, a bolus that was granted counts as
given whole and its lock-out as begun, and time without power counts as no time. Source: fail-safe
policy, docs/design.md.
"""

import struct

from firmware.therapy import layout
from firmware.therapy import records as rec
from firmware.therapy import tables as t
from firmware.therapy.bolus import BUCKETS
from firmware.therapy.dosing import LEASE_MS
from firmware.therapy.grants import GRANT_BOLUS
from firmware.therapy.images import PROGRESS_S
from firmware.therapy.prescription import Prescription
from hal.compat import MASK, const, ticks_diff
from hal.ports import KEY_PATIENT_BOLUS

# Verdicts.
NOTHING = const(0)  # no therapy to take up
GO_ON = const(1)
WAIT = const(2)  # a person must say
FAILED = const(3)  # as it was: only service leads out

RESUMES = const(2)  # by itself, at most, within …
RESUMES_S = const(600)
_UL = const(3_600_000)
_MOVING = const(0xB0)  # infusing, bolus, KVO: bits by ST_*
_TAKEN_UP = const(0x2F0)  # those, paused, KVO and stopped
# Progress is written this often while a therapy runs, and a lease may run on.
UNSURE_MS = PROGRESS_S * 1000 + LEASE_MS


class Past:
    """Folds the journal's frames; `judge` says what may follow. Volumes in µL and 1/3600 nL."""

    def __init__(self):
        self.delivery = t.ST_SELF_TEST
        self.trust = t.TR_NORMAL
        self.seq = 0
        self.op_s = 0  # of all runs so far
        self.mark = 0  # the secure counter as last written down
        self.rtc_s = -1
        self.rx = None  # therapy's copy, and the guardian's as bytes
        self.copy = None
        self.torn = False  # the copies of the prescription differ
        self.index = self.bolus = self.cycle = self.ms = self.flags = self.second = 0
        self.left_ul = self.left_rest = self.vtbi_ul = self.vtbi_rest = 0
        self.override_ul_h = -1
        self.programmed_ul_h = self.rate_ul_h = 0
        self.commanded_ul = self.commanded_rest = 0
        self.lockout_s = self.window_ul = self.window_rest = self.bolus_left_ul = 0
        self.bucket_age_s = 0
        self.buckets = [0] * BUCKETS
        self.uncertain_ul = 0  # may have been given since the last record; counted as given
        self.intact = True  # lock-out and rolling limit are as they were written
        self._resumes = []  # operating seconds at which the pump went on by itself
        self._flows = False  # it flowed after the last progress, which does not know how much
        self._tag = -1
        self._progress_seq = 0
        self._copies = []
        self._granted_key = 0  # a bolus whose outcome no progress shows yet
        self._granted_seq = 0
        self._granted_ul = 0

    @property
    def done(self):
        """Whether the programme had run to its end."""
        return self.flags & rec.PF_DONE != 0

    # Folding.

    def fold(self, kind, payload):
        """Take one frame, oldest first."""
        if kind == 0 and len(payload) == rec.RECORD_SIZE:
            self._fold_record(struct.unpack(rec.RECORD_FORMAT, payload))
        elif kind == rec.REC_PROGRESS and len(payload) == rec.PROGRESS_SIZE:
            self._fold_progress(struct.unpack(rec.PROGRESS_FORMAT, payload))
        elif kind == rec.REC_WINDOW and len(payload) == rec.WINDOW_HEAD + 4 * BUCKETS:
            head = struct.unpack(rec.WINDOW_FORMAT, payload[: rec.WINDOW_HEAD])
            self.bucket_age_s = head[5]
            self.buckets = list(struct.unpack("<%dI" % BUCKETS, payload[rec.WINDOW_HEAD :]))
        elif kind == rec.REC_PRESCRIPTION and len(payload) > 4:
            tag = struct.unpack("<I", payload[-4:])[0] & MASK
            self._copies = [one for one in self._copies if one[0] == tag][-1:] + [(tag, payload)]
        elif kind == rec.REC_BOOT and len(payload) == struct.calcsize(rec.BOOT_FORMAT):
            op_s, mark, went_on = struct.unpack(rec.BOOT_FORMAT, payload)
            self.op_s = max(self.op_s, op_s)
            self.mark = max(self.mark, mark)
            if went_on:
                self._resumes.append(op_s)
        elif kind == rec.REC_MARK and len(payload) == 4:
            self.mark = max(self.mark, struct.unpack("<I", payload)[0])

    def _fold_record(self, values):
        seq, kind, delivery, trust = values[0], values[1], values[2], values[3]
        if self.seq and ticks_diff(seq, self.seq) <= 0:
            return
        self.seq = seq
        self._stand(delivery)
        self.trust = trust
        if kind == rec.REC_GRANT and values[6] == GRANT_BOLUS:
            self._granted_key = values[7]
            self._granted_ul = values[8]
            self._granted_seq = seq
        elif kind == rec.REC_DROPPED and values[6] == GRANT_BOLUS:
            self._granted_key = 0

    def _fold_progress(self, v):
        if self._progress_seq and ticks_diff(v[0], self._progress_seq) <= 0:
            return
        self._progress_seq = v[0]
        self._flows = False
        if not self.seq or ticks_diff(v[0], self.seq) > 0:
            self.seq = v[0]
            self._stand(v[2])
            self.trust = v[3]
        elif _MOVING >> v[2] & 1:
            self._flows = True
        (
            self.op_s, self.rtc_s, self._tag, self.index, self.bolus, self.cycle, self.ms, self.flags, self.second,
            self.left_ul, self.left_rest, self.vtbi_ul, self.vtbi_rest, self.override_ul_h, self.programmed_ul_h,
            self.rate_ul_h, self.commanded_ul, self.commanded_rest, self.lockout_s, self.window_ul, self.window_rest,
            self.bolus_left_ul,
        ) = v[5:]  # fmt: skip
        if not self.flags & rec.PF_GRANT and ticks_diff(v[0], self._granted_seq) > 0:
            self._granted_key = 0

    def _stand(self, delivery):
        """A record or image was left in this state. In a self-test the state of before still stands."""
        if delivery != t.ST_SELF_TEST:
            self.delivery = delivery
            if _MOVING >> delivery & 1:
                self._flows = True

    # Judging.

    def judge(self, warm, running, rtc_s):
        """Return a verdict and settle what is uncertain.

        warm: power was not lost. running: the word that outlives a watchdog reset says that flow
        was meant to be. rtc_s: now, -1 where no clock survives power.
        """
        self._take_prescription()
        if self.rx is None and self.has_therapy():
            self.torn = True
            self._settle_lock_out()
            return WAIT if self._copies else NOTHING
        if self.rx is None:
            self._settle_lock_out()
            return FAILED if self.delivery == t.ST_FAILED else NOTHING
        self._settle()
        if self.delivery == t.ST_FAILED:
            return FAILED
        if not self.has_therapy():
            return NOTHING
        if self.torn or not _MOVING >> self.delivery & 1:
            return WAIT
        if warm:
            may = running
        else:
            off_s = rtc_s - self.rtc_s
            known = rtc_s >= 0 and self.rtc_s >= 0 and off_s >= 0
            may = known and off_s <= self.rx.off_limit_s
            if self.rx.mode == layout.MODE_PCA and self.trust >= t.TR_ISOLATED:
                may = False
        recent = [at for at in self._resumes if self.op_s - at < RESUMES_S]
        return GO_ON if may and len(recent) < RESUMES else WAIT

    def has_therapy(self):
        """Whether a therapy stood, running or not, when the last frame was written."""
        return _TAKEN_UP >> self.delivery & 1 != 0

    def clock_went_back(self, rtc_s):
        """Whether the clock that survives power stands before the journal's last time."""
        return rtc_s >= 0 and rtc_s < self.rtc_s

    def store_went_back(self, count):
        """Whether the secure counter, at `count`, denies that this journal is the newest.

        The journal is written before the counter rises, so it may be one ahead and never behind.
        """
        return count < 0 or self.mark < count or self.mark > count + 1

    def _take_prescription(self):
        """The prescription that progress speaks of, from either copy; both must agree where both are whole."""
        good = []
        for tag, payload in self._copies:
            rx = Prescription()
            if tag == self._tag and rx.decode(payload) and self.index < rx.segments:
                good.append((rx, payload))
        if not good:
            return
        self.torn = len(good) > 1 and good[0][1] != good[-1][1]
        self.rx = good[0][0]
        self.copy = good[-1][1]

    def _settle_lock_out(self):
        """Without the prescription that gave a bolus its lock-out, it cannot be told."""
        if self._granted_key:
            self.intact = False

    def _settle(self):
        """Count as given whatever may have been given."""
        rx = self.rx
        unsure = 0
        if self._flows:
            unsure = self.rate_ul_h * UNSURE_MS
            if self.bolus and not self._granted_key:
                unsure = min(unsure, self.rate_of_base() * UNSURE_MS + self.bolus_left_ul * _UL)
        if self._granted_key:
            unsure += self._granted_ul * _UL
            if self._granted_key == KEY_PATIENT_BOLUS:
                self.lockout_s = max(self.lockout_s, rx.lockout_s + 1)
        self.uncertain_ul = -(-unsure // _UL)
        if self.flags & rec.PF_VTBI_LIMITED:
            self.vtbi_ul, self.vtbi_rest = _less(self.vtbi_ul, self.vtbi_rest, unsure)
        self._settle_place(unsure)
        if rx.window_s:
            counted = sum(self.buckets)
            self.buckets[0] += max(self.window_ul - counted, 0) + (1 if self.window_rest else 0) + self.uncertain_ul

    def rate_of_base(self):
        """Base rate of the moment, µL/h: the rate asked less a bolus."""
        rx = self.rx
        extra = rx.patient_ul_h if self.bolus == KEY_PATIENT_BOLUS else rx.clinician_ul_h
        return max(self.rate_ul_h - extra, 0)

    def _settle_place(self, unsure):
        """A segment that ends by volume is so much nearer its end; one that ends by time, where less follows."""
        rx = self.rx
        if self.override_ul_h >= 0 or self.done or not self._flows:
            return
        index = self.index
        if rx.seg_volume_ul[index]:
            self.left_ul, self.left_rest = _less(self.left_ul, self.left_rest, unsure)
            if self.left_ul == 0 and self.left_rest == 0:
                self._next()
            return
        duration = rx.seg_duration_s[index]
        if not duration:
            return
        later = self.second + UNSURE_MS // 1000
        if later >= duration:
            if self._rate_after() < self.rate_of_base():
                self._next()
        elif rx.seg_step_ul_h[index] < 0:
            self.second = later

    def _rate_after(self):
        """Rate with which the next segment begins; 0 after the last."""
        rx = self.rx
        index = self.index + 1
        if index < rx.segments:
            return rx.seg_rate_ul_h[index]
        return rx.seg_rate_ul_h[0] if self.cycle + 1 < rx.cycles else 0

    def _next(self):
        rx = self.rx
        last_cycle = self.cycle + 1 >= rx.cycles
        if last_cycle and (self.index + 1 >= rx.segments or rx.cycles > 1):
            self.flags |= rec.PF_DONE
            return
        self.index += 1
        if self.index >= rx.segments:
            self.index = 0
            self.cycle += 1
        self.second = self.ms = 0
        self.left_ul = rx.seg_volume_ul[self.index]
        self.left_rest = 0


def _less(ul, rest, units):
    """A volume less `units`, never below nothing."""
    left = max(ul * _UL + rest - units, 0)
    return left // _UL, left % _UL
