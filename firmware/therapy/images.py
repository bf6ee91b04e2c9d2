"""When the images that a resume needs are written: at each change, and now and then."""

import struct

from firmware.therapy.records import REC_PROGRESS, REC_WINDOW
from hal.compat import const

# Progress is journaled this often while a therapy runs: what a reset leaves uncertain.
PROGRESS_S = const(10)
_LOCK_OUT_S = const(60)
_PROGRESS_HEAD = "<IBBBBIi"
_WINDOW_HEAD = "<IBBBB"
_TAG_AT = const(16)
_BUCKETS_AT = const(8)


class Images:
    """Looks at each tick whether an image is due. `op_s` counts seconds of operation, over all resets."""

    __slots__ = ("_bolus", "_override", "_place", "_seconds", "due", "op_s")

    def __init__(self):
        self.op_s = 0
        self.due = False  # progress has changed in a way that must not be lost
        self._seconds = 0  # since progress was written
        self._place = 0
        self._override = -1
        self._bolus = 0

    def second(self, seconds):
        """Let whole seconds pass."""
        self.op_s += seconds
        self._seconds += seconds

    def note(self, dose, moving, granting, status, outbox, rtc_s):
        """Write the images that are due into the outbox. `granting`: a grant waits."""
        profile = dose.profile
        place = profile.cycle * 32 + profile.index
        kind = dose.boluses.kind
        if place != self._place or profile.override_ul_h != self._override or kind != self._bolus:
            self._place = place
            self._override = profile.override_ul_h
            self._bolus = kind
            self.due = True
        elif self._seconds >= PROGRESS_S:
            self.due = self.due or moving or (dose.locked_out() and self._seconds >= _LOCK_OUT_S)
        if dose.window.turned:
            dose.window.turned = False
            struct.pack_into(
                _WINDOW_HEAD, outbox.window, 0, outbox.next_seq(), REC_WINDOW, status.delivery, status.trust, 0
            )
            dose.window.write(outbox.window, _BUCKETS_AT)
            outbox.window_due = True
        if self.due:
            self.due = False
            self._seconds = 0
            struct.pack_into(
                _PROGRESS_HEAD, outbox.progress, 0, outbox.next_seq(), REC_PROGRESS, status.delivery, status.trust,
                status.priority, self.op_s, rtc_s,
            )  # fmt: skip
            dose.write_progress(outbox.progress, _TAG_AT, granting)
            outbox.progress_due = True
