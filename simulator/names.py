"""Names for people: what the firmware's codes mean. The firmware itself carries numbers."""

from __future__ import annotations

from firmware.therapy import alarms as al
from firmware.therapy import messages as msg

PRIORITIES = ("none", "low", "medium", "high")
LAMPS = ("dark", "red", "yellow", "cyan")
_LAMP_OF = ("dark", "cyan", "yellow", "red")


def told(priority: int, silenced: int) -> str:
    """What lamp and sounder tell a person in the room, in a few words."""
    if not priority:
        return "dark, silent"
    return f"{_LAMP_OF[priority]}, " + ("sound paused" if silenced else f"{PRIORITIES[priority]} melody")


ALARMS = {
    al.AL_OCCLUSION_DOWN: "downstream occlusion",
    al.AL_OCCLUSION_UP: "upstream occlusion",
    al.AL_AIR: "air in line",
    al.AL_DOOR: "door open",
    al.AL_NOT_LOADED: "syringe or set not in place",
    al.AL_EMPTY: "reservoir empty",
    al.AL_HEAT: "over-temperature",
    al.AL_MOTOR: "motor stall",
    al.AL_FREE_FLOW: "free flow",
    al.AL_DOUBT: "therapy in doubt",
    al.AL_SELF_TEST: "self-test failed",
    al.AL_STOPPED_BY_POLICY: "stopped: help is gone",
    al.AL_END_SUSTAINED: "volume over, going on at the rate",
    al.AL_COMPLETE: "infusion complete, flow stopped",
    al.AL_KVO: "keeping the vein open",
    al.AL_LIMIT: "rolling dose limit reached",
    al.AL_RESERVOIR_LOW: "reservoir low",
    al.AL_BATTERY_LOW: "battery low",
    al.AL_ON_BATTERY: "on battery",
    al.AL_PAUSED: "paused for two minutes",
    al.AL_STORE: "not stored, not raised",
    al.AL_VOLUME_LOST: "volume lost in a stall",
    al.AL_LIBRARY: "drug library missing or damaged",
    al.AL_INACTIVITY: "programming left alone",
    al.AL_NEAR_END: "near the end",
    al.AL_RESUMED: "resumed after a reset",
    al.AL_WAITS: "waits after a reset: start again, or end",
    al.AL_FLOW_LOW: "less flows than is pumped",
    al.AL_SEQUENCE: "the same alarm again and again",
    al.AL_LATE: "the pump was late",
    al.AL_OFFLINE: "network lost",
    al.AL_EPISODE: "hostile traffic began",
    al.AL_HOSTILE: "hostile traffic",
    al.AL_ISOLATED: "security layer compromised, pump isolated",
    al.AL_COMMS_HELD: "communication held back",
    al.AL_BREAK_GLASS: "break-glass: used without credentials",
    al.AL_MEMORY: "memory nearly full",
    al.AL_CLOCK: "clock went backwards",
    al.AL_LOG_LOST: "the log has a gap",
    al.AL_PAUSE_ASKED: "somebody asks for a pause",
    al.AL_STOP_ASKED: "somebody asks for a stop",
}

MESSAGES = {
    msg.NONE: "",
    msg.READY: "confirmed: prime, or start",
    msg.CONFIRM_SOFT: "past a soft limit: confirm again",
    msg.HARD_LIMIT: "past a hard limit",
    msg.VTBI_LIMIT: "volume past its limit",
    msg.BOLUS_LIMIT: "bolus past its limit",
    msg.LOCKED_OUT: "locked out",
    msg.LIMIT: "rolling dose limit",
    msg.HAZARD: "clear the hazard first",
    msg.STORE: "not stored, nothing raised",
    msg.BUSY: "wait",
    msg.MISSING: "something is missing",
    msg.UNKNOWN_DRUG: "not in the library",
    msg.MODE: "not for this drug",
    msg.RANGE: "out of range",
    msg.SYRINGE: "another syringe",
    msg.LIBRARY: "no valid library",
    msg.STATE: "not in this state",
    msg.KEY_NEEDED: "turn the key switch",
    msg.OVER: "nothing left to infuse",
    msg.GLASS: "credentials, or break-glass",
    msg.NO_BOLUS: "no bolus",
    msg.LOGIN: "number and PIN first",
    msg.CHECKING: "checking the PIN",
    msg.CHECKING_CARD: "checking the card: leave it there",
    msg.WRONG_CARD: "no card of anybody here",
    msg.WAIT_CARD: "too many wrong cards: wait",
    msg.MUTE_CARD: "the card does not answer: number and PIN",
    msg.WELCOME: "logged in",
    msg.WRONG_PIN: "not this number and PIN",
    msg.WAIT_PIN: "too many wrong PINs: wait",
    msg.PREPARED: "prepared from afar: check each entry, then confirm",
    msg.ASKED: "a new dose rate is asked for from afar: confirm takes it",
    msg.SECOND: "prepared from afar: a second person has to agree first",
    msg.NOT_YOURS: "not for your role",
    msg.NOTHING_STAGED: "nothing whole was carried here",
    msg.OTHER_NUMBER: "not the number of what was carried here",
    msg.AT_NEXT_START: "confirmed: switch off and on, and it is looked at",
    msg.TAKEN: "what was carried here is in force",
    msg.NOT_TAKEN: "what was carried here was refused, all is as it was: see the audit",
    msg.UNPROVISIONED: "unprovisioned: no credentials, nothing is heard from afar",
}
