"""A record of every change of the alarms: onset, end, acknowledgement, audio pause, escalation.

Records hold whole masks, not differences: each stands by itself, whatever was lost before it.
"""

from firmware.therapy import records as rec
from firmware.therapy.alarms import AL_LOG_LOST, AUDIO_PAUSE_S, NONE, SAID_ACKNOWLEDGE, SAID_PAUSE
from hal.compat import const

_NEVER = const(-1)  # no mask: what was recorded last is not known


class AlarmLog:
    """What was recorded last. `write` follows the alarms' `changed`, `second` looks for a gap."""

    __slots__ = ("_gone", "_gone_trust", "_lost", "_risen", "_silent", "_therapy", "_top", "_trust")

    def __init__(self):
        self._therapy = 0
        self._trust = 0
        self._top = NONE
        self._gone = 0
        self._gone_trust = 0
        self._risen = 0
        self._silent = False
        self._lost = 0  # of the outbox, as far as it has been told

    def write(self, alarms, status, outbox, now_ms):
        """Take the alarms over into `status`, and record what changed since last time."""
        alarms.changed = False
        status.therapy_alarms = alarms.therapy
        status.trust_alarms = alarms.trust
        status.alarm = alarms.top
        status.priority = alarms.priority
        if alarms.said & SAID_ACKNOWLEDGE:
            outbox.emit(rec.REC_ACKNOWLEDGED, status, now_ms, alarms.therapy, alarms.trust, alarms.top)
        # What came and went between two ticks is shown for one record.
        self._masks(alarms.therapy | alarms.came, alarms.trust | alarms.came_trust, alarms.top, status, outbox, now_ms)
        self._masks(alarms.therapy, alarms.trust, alarms.top, status, outbox, now_ms)
        self._causes(alarms, status, outbox, now_ms)
        if alarms.risen != self._risen & alarms.therapy:
            outbox.emit(rec.REC_ESCALATED, status, now_ms, alarms.risen, alarms.risen & ~self._risen, alarms.top)
        self._risen = alarms.risen
        if alarms.said & SAID_PAUSE:
            self._silent = True
            outbox.emit(rec.REC_AUDIO, status, now_ms, AUDIO_PAUSE_S, 0, alarms.top)
        if self._silent and not alarms.silence_s:
            self._silent = False
            outbox.emit(rec.REC_AUDIO, status, now_ms, 0, 0, alarms.top)
        alarms.came = alarms.came_trust = alarms.said = 0

    def second(self, alarms, status, outbox, now_ms):
        """Raise AL_LOG_LOST where a record found no room, and say in the log itself that it has a gap."""
        lost = outbox.lost - self._lost
        alarms.set(AL_LOG_LOST, lost > 0)
        if lost and outbox.has_room():
            self._lost = outbox.lost
            outbox.emit(rec.REC_GAP, status, now_ms, lost, outbox.lost, 0)
            self._therapy = self._gone = _NEVER
            self._risen = 0
            alarms.changed = True

    def _masks(self, therapy, trust, top, status, outbox, now_ms):
        if therapy != self._therapy or trust != self._trust or top != self._top:
            self._therapy = therapy
            self._trust = trust
            self._top = top
            outbox.emit(rec.REC_ALARMS, status, now_ms, therapy, trust, top)

    def _causes(self, alarms, status, outbox, now_ms):
        """Record which latched alarms have lost their cause, where the masks alone do not tell."""
        gone = alarms.therapy & ~alarms.present
        gone_trust = alarms.trust & ~alarms.present_trust
        told = self._gone != _NEVER and gone == self._gone & alarms.therapy
        if not told or gone_trust != self._gone_trust & alarms.trust:
            outbox.emit(rec.REC_CAUSE_GONE, status, now_ms, gone, gone_trust, alarms.top)
        self._gone = gone
        self._gone_trust = gone_trust
