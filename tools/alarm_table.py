"""What each alarm must be, written by hand from the fail-safe policy (docs/design.md).

Read from nowhere in the firmware: whoever changes its table changes this one too, by thought.
"""

from __future__ import annotations

from firmware.therapy import alarms as al

_H, _M, _L = al.PRIORITY_HIGH, al.PRIORITY_MEDIUM, al.PRIORITY_LOW
_NEVER, _TOLD = 0, -1

# Whatever stops or cannot sustain flow is HIGH. Priority, latches, rises to HIGH: after so many
# seconds, never, or when it is told that the end is near.
EXPECTED = {
    al.AL_OCCLUSION_DOWN: (_H, True, _NEVER),
    al.AL_OCCLUSION_UP: (_H, True, _NEVER),
    al.AL_AIR: (_H, True, _NEVER),
    al.AL_DOOR: (_H, True, _NEVER),
    al.AL_NOT_LOADED: (_H, True, _NEVER),
    al.AL_EMPTY: (_H, True, _NEVER),
    al.AL_HEAT: (_H, True, _NEVER),
    al.AL_MOTOR: (_H, True, _NEVER),
    al.AL_FREE_FLOW: (_H, True, _NEVER),
    al.AL_DOUBT: (_H, True, _NEVER),
    al.AL_SELF_TEST: (_H, True, _NEVER),
    al.AL_STOPPED_BY_POLICY: (_H, False, _NEVER),
    al.AL_END_SUSTAINED: (_H, False, _NEVER),
    al.AL_COMPLETE: (_H, False, _NEVER),
    al.AL_KVO: (_M, False, _NEVER),
    al.AL_LIMIT: (_M, False, _NEVER),
    al.AL_RESERVOIR_LOW: (_L, False, _TOLD),
    al.AL_BATTERY_LOW: (_L, False, 1800),
    al.AL_ON_BATTERY: (_L, False, _NEVER),
    al.AL_PAUSED: (_M, False, 300),
    al.AL_STORE: (_M, True, _NEVER),
    al.AL_VOLUME_LOST: (_M, True, _NEVER),
    al.AL_LIBRARY: (_H, False, _NEVER),
    al.AL_INACTIVITY: (_L, False, _NEVER),
    al.AL_NEAR_END: (_L, False, _NEVER),
    al.AL_RESUMED: (_M, True, _NEVER),
    al.AL_WAITS: (_H, False, _NEVER),
    al.AL_FLOW_LOW: (_H, False, _NEVER),
    al.AL_SEQUENCE: (_H, True, _NEVER),
    al.AL_LATE: (_L, True, _NEVER),
    al.AL_OFFLINE: (_L, False, _NEVER),
    al.AL_EPISODE: (_M, True, _NEVER),
    al.AL_HOSTILE: (_L, False, _NEVER),
    al.AL_ISOLATED: (_M, True, _NEVER),
    al.AL_COMMS_HELD: (_L, False, _NEVER),
    al.AL_BREAK_GLASS: (_M, True, _NEVER),
    al.AL_MEMORY: (_M, False, _NEVER),
    al.AL_CLOCK: (_L, False, _NEVER),
    al.AL_LOG_LOST: (_M, True, _NEVER),
    al.AL_PAUSE_ASKED: (_M, True, _NEVER),
    al.AL_STOP_ASKED: (_H, True, _NEVER),
}

# Which of two of one priority comes first. What flows unbidden, a pump that cannot be
# trusted, what stopped the flow, what will, what a person should know.
FIRST = (
    al.AL_FREE_FLOW, al.AL_DOUBT, al.AL_SELF_TEST, al.AL_AIR, al.AL_OCCLUSION_DOWN, al.AL_OCCLUSION_UP, al.AL_DOOR,
    al.AL_NOT_LOADED, al.AL_EMPTY, al.AL_MOTOR, al.AL_HEAT, al.AL_FLOW_LOW, al.AL_SEQUENCE, al.AL_STOPPED_BY_POLICY,
    al.AL_WAITS, al.AL_COMPLETE, al.AL_END_SUSTAINED, al.AL_STOP_ASKED, al.AL_BATTERY_LOW, al.AL_RESERVOIR_LOW,
    al.AL_PAUSED, al.AL_LIBRARY, al.AL_LIMIT, al.AL_KVO, al.AL_RESUMED, al.AL_VOLUME_LOST, al.AL_STORE,
    al.AL_PAUSE_ASKED, al.AL_ISOLATED, al.AL_BREAK_GLASS, al.AL_EPISODE, al.AL_MEMORY, al.AL_LOG_LOST, al.AL_NEAR_END,
    al.AL_ON_BATTERY, al.AL_LATE, al.AL_INACTIVITY, al.AL_HOSTILE, al.AL_OFFLINE, al.AL_COMMS_HELD, al.AL_CLOCK,
)  # fmt: skip
