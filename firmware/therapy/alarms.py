"""Alarm conditions by IEC 60601-1-8: priority, latching, audio pause, escalation.

Conditions are bits: therapy's in one mask, trust's in another, each below 2**30. A code
from TRUST_BASE up is a trust alarm. Priorities follow the rule that whatever stops or
cannot sustain flow is HIGH (docs/design.md, fail-safe policy). A latched alarm stays shown
until a person acknowledges it and its cause is gone.
"""

from hal.compat import const

PRIORITY_NONE = const(0)
PRIORITY_LOW = const(1)
PRIORITY_MEDIUM = const(2)
PRIORITY_HIGH = const(3)

AL_OCCLUSION_DOWN = const(0)
AL_OCCLUSION_UP = const(1)
AL_AIR = const(2)
AL_DOOR = const(3)
AL_NOT_LOADED = const(4)  # syringe or set not in place, or of another size
AL_EMPTY = const(5)
AL_HEAT = const(6)
AL_MOTOR = const(7)
AL_FREE_FLOW = const(8)
AL_DOUBT = const(9)  # therapy cannot trust itself
AL_SELF_TEST = const(10)
AL_STOPPED_BY_POLICY = const(11)
AL_END_SUSTAINED = const(12)  # volume over, going on at the rate
AL_COMPLETE = const(13)  # volume over, flow stopped
AL_KVO = const(14)
AL_LIMIT = const(15)  # rolling dose limit reached
AL_RESERVOIR_LOW = const(16)
AL_BATTERY_LOW = const(17)
AL_ON_BATTERY = const(18)
AL_PAUSED = const(19)  # reminder: a pause never ends by itself
AL_STORE = const(20)  # a grant was dropped: the store did not answer
AL_VOLUME_LOST = const(21)
AL_LIBRARY = const(22)
AL_INACTIVITY = const(23)
AL_NEAR_END = const(24)
AL_RESUMED = const(25)  # went on by itself after a reset
AL_WAITS = const(26)  # did not: a person must say
AL_FLOW_LOW = const(27)  # less flows than is pumped
AL_SEQUENCE = const(28)  # alarm, stop, start, again and again
AL_LATE = const(29)  # a tick came later than a lease lasts
THERAPY_CODES = const(30)

TRUST_BASE = const(32)
AL_OFFLINE = const(32)
AL_EPISODE = const(33)  # a hostile episode began
AL_HOSTILE = const(34)  # and goes on
AL_ISOLATED = const(35)
AL_COMMS_HELD = const(36)  # communication is not restarted for now
AL_BREAK_GLASS = const(37)
AL_MEMORY = const(38)  # the heap is nearly full
AL_CLOCK = const(39)  # the clock that survives power went backwards
AL_LOG_LOST = const(40)  # the log has a gap: the store did not keep up
AL_PAUSE_ASKED = const(41)  # somebody asks for a pause from afar
AL_STOP_ASKED = const(42)  # or for a stop
TRUST_CODES = const(11)

AUDIO_PAUSE_S = const(120)
NONE = const(-1)

_H = const(3)
_M = const(2)
_L = const(1)
_LATCHES = const(16)
# Rises to HIGH: by itself after ESCALATE_S or ESCALATE_LATE_S, or when `escalate` says so.
_RISES = const(32)
_RISES_LATE = const(64)
_RISES_TOLD = const(128)

ESCALATE_S = const(300)
# A battery whose end was half an hour away is at its end by now, whatever its gauge says.
ESCALATE_LATE_S = const(1800)

_THERAPY = bytes(
    (
        _H | _LATCHES, _H | _LATCHES, _H | _LATCHES, _H | _LATCHES, _H | _LATCHES,  # occlusions, air, door, not loaded
        _H | _LATCHES, _H | _LATCHES, _H | _LATCHES, _H | _LATCHES, _H | _LATCHES,  # empty, hot, motor, flow, doubt
        _H | _LATCHES, _H, _H, _H, _M,  # self-test, by policy, end sustained, complete, KVO
        _M, _L | _RISES_TOLD, _L | _RISES_LATE, _L, _M | _RISES,  # limit, reservoir, battery low, on battery, paused
        _M | _LATCHES, _M | _LATCHES, _H, _L, _L,  # store, volume lost, library, inactivity, near end
        _M | _LATCHES, _H, _H, _H | _LATCHES, _L | _LATCHES,  # resumed, waits, flow low, sequence, late
    )
)  # fmt: skip
_TRUST = bytes(
    (
        _L, _M | _LATCHES, _L, _M | _LATCHES, _L,  # offline, episode, hostile, isolated, comms held
        _M | _LATCHES, _M, _L, _M | _LATCHES, _M | _LATCHES, _H | _LATCHES,  # glass, memory, clock, log, asked
    )
)  # fmt: skip

# Which of two alarms of one priority is shown first: what flows unbidden; then a pump that
# cannot be trusted; then what has stopped the flow, causes before consequences; then what will.
URGENCY = bytes(
    (
        AL_FREE_FLOW, AL_DOUBT, AL_SELF_TEST,
        AL_AIR, AL_OCCLUSION_DOWN, AL_OCCLUSION_UP, AL_DOOR, AL_NOT_LOADED, AL_EMPTY, AL_MOTOR, AL_HEAT,
        AL_FLOW_LOW, AL_SEQUENCE, AL_STOPPED_BY_POLICY, AL_WAITS, AL_COMPLETE, AL_END_SUSTAINED,
        AL_STOP_ASKED, AL_BATTERY_LOW, AL_RESERVOIR_LOW, AL_PAUSED, AL_LIBRARY,
        AL_LIMIT, AL_KVO, AL_RESUMED, AL_VOLUME_LOST, AL_STORE, AL_PAUSE_ASKED,
        AL_ISOLATED, AL_BREAK_GLASS, AL_EPISODE, AL_MEMORY, AL_LOG_LOST,
        AL_NEAR_END, AL_ON_BATTERY, AL_LATE, AL_INACTIVITY,
        AL_HOSTILE, AL_OFFLINE, AL_COMMS_HELD, AL_CLOCK,
    )
)  # fmt: skip

# What a person did, for the log.
SAID_PAUSE = const(1)
SAID_ACKNOWLEDGE = const(2)


def traits(code):
    """Return the priority and flag bits of `code`."""
    return _TRUST[code - TRUST_BASE] if code >= TRUST_BASE else _THERAPY[code]


def are_traits(therapy, trust):
    """Return whether the traits of all codes are, byte for byte, these."""
    return therapy == _THERAPY and trust == _TRUST


def escalates(code):
    """Return whether `code` may rise to HIGH."""
    return traits(code) & (_RISES | _RISES_LATE | _RISES_TOLD) != 0


class Alarms:
    """What is wrong now and what is shown. The tick calls `raise_`, `clear`, `escalate` and `second`."""

    __slots__ = (
        "_ages", "_latching", "_latching_trust", "came", "came_trust", "changed", "present", "present_trust",
        "priority", "risen", "said", "silence_s", "therapy", "top", "trust",
    )  # fmt: skip

    def __init__(self):
        self.present = 0  # the condition holds
        self.present_trust = 0
        self.therapy = 0  # shown: present, or latched
        self.trust = 0
        self.risen = 0  # of the shown: those that have risen to HIGH
        self.top = NONE  # the code to show first
        self.priority = PRIORITY_NONE
        self.silence_s = 0  # left of the audio pause
        self.changed = False  # set with every change; alarm_log.py resets it and the next three
        self.came = 0  # began to hold, even if it is over again
        self.came_trust = 0
        self.said = 0
        self._ages = [0] * THERAPY_CODES
        self._latching = 0
        self._latching_trust = 0
        for code in range(THERAPY_CODES):
            self._latching |= 1 << code if _THERAPY[code] & _LATCHES else 0
        for code in range(TRUST_CODES):
            self._latching_trust |= 1 << code if _TRUST[code] & _LATCHES else 0

    def raise_(self, code):
        """Note that `code`'s condition holds. A new alarm, or one that is back, ends the audio pause."""
        if code >= TRUST_BASE:
            bit = 1 << (code - TRUST_BASE)
            if self.present_trust & self.trust & bit:
                return
            self.present_trust |= bit
            self.came_trust |= bit
            self.trust |= bit
        else:
            bit = 1 << code
            if self.present & self.therapy & bit:  # both: a bit that flipped in one must not hide an alarm
                return
            self.present |= bit
            self.came |= bit
            self.therapy |= bit
            self._ages[code] = 0
        self.silence_s = 0
        self._rank()

    def insist(self, code):
        """Raise an alarm of therapy whatever is noted of it already."""
        bit = 1 << code
        self.present |= bit
        self.therapy |= bit
        self.came |= bit
        self.silence_s = 0
        self._rank()

    def clear(self, code):
        """Note that `code`'s condition is gone; a latched alarm stays shown."""
        latches = traits(code) & _LATCHES
        if code >= TRUST_BASE:
            bit = 1 << (code - TRUST_BASE)
            if not self.present_trust & bit:
                return
            self.present_trust &= ~bit
            if not latches:
                self.trust &= ~bit
        else:
            bit = 1 << code
            if not self.present & bit:
                return
            self.present &= ~bit
            if not latches:
                self.therapy &= ~bit
        self._rank()

    def set(self, code, holds):
        """Raise or clear `code`."""
        if holds:
            self.raise_(code)
        else:
            self.clear(code)

    def is_shown(self, code):
        """Return whether `code` is present or latched."""
        if code >= TRUST_BASE:
            return self.trust >> (code - TRUST_BASE) & 1 != 0
        return self.therapy >> code & 1 != 0

    def acknowledge(self):
        """Let go of latched alarms whose condition is gone."""
        if self.priority != PRIORITY_NONE:
            self.said |= SAID_ACKNOWLEDGE
            self.therapy &= self.present
            self.trust &= self.present_trust
            self._rank()

    def pause_audio(self):
        """Silence what sounds for AUDIO_PAUSE_S; lamps stay. Never silences what came in this very tick, unheard."""
        if self.priority != PRIORITY_NONE and not self.came and not self.came_trust:
            self.silence_s = AUDIO_PAUSE_S
            self.said |= SAID_PAUSE
            self.changed = True

    def escalate(self, code):
        """Let a shown alarm of therapy rise to HIGH until it is gone. Ends the audio pause."""
        bit = 1 << code
        if self.therapy & bit and not self.risen & bit and escalates(code):
            self.risen |= bit
            self.silence_s = 0
            self._rank()

    def second(self, seconds):
        """Let `seconds` pass: the audio pause runs out, what stays unanswered escalates."""
        if self.silence_s:
            self.silence_s = self.silence_s - seconds if self.silence_s > seconds else 0
            if not self.silence_s:
                self.changed = True
        if self.therapy:
            ages = self._ages
            for code in range(THERAPY_CODES):
                if self.therapy >> code & 1 and ages[code] < ESCALATE_LATE_S:
                    ages[code] += seconds
                    due_s = ESCALATE_S if _THERAPY[code] & _RISES else ESCALATE_LATE_S
                    if ages[code] >= due_s and _THERAPY[code] & (_RISES | _RISES_LATE):
                        self.escalate(code)

    def intact(self, status):
        """Return whether all that is present is shown, all else that is shown latches, and `status` says the same."""
        return (
            self.present & ~self.therapy == 0
            and self.present_trust & ~self.trust == 0
            and self.therapy & ~self.present & ~self._latching == 0
            and self.trust & ~self.present_trust & ~self._latching_trust == 0
            and 0 <= self.silence_s <= AUDIO_PAUSE_S
            and (self.changed or self._are_in(status))
        )

    def _are_in(self, status):
        return (
            status.therapy_alarms == self.therapy
            and status.trust_alarms == self.trust
            and status.priority == self.priority
            and (status.alarm == self.top or self.priority == PRIORITY_NONE)
        )

    def priority_of(self, code):
        """Priority of `code` now, escalation included."""
        if code < TRUST_BASE and self.risen >> code & 1:
            return PRIORITY_HIGH
        return traits(code) & 3

    def _rank(self):
        self.risen &= self.therapy
        top = NONE
        best = PRIORITY_NONE
        for place in range(len(URGENCY)):
            code = URGENCY[place]
            if self.is_shown(code) and self.priority_of(code) > best:
                best = self.priority_of(code)
                top = code
        if best == PRIORITY_NONE:
            self.silence_s = 0  # a pause does not outlive what it silenced
        self.top = top
        self.priority = best
        self.changed = True
