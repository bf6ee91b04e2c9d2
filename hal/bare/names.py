"""What the firmware's codes are called on the bare board's panel. Made by tools/bare_tables.py: leave it."""

from hal.compat import const

TRUST_BASE = const(32)

DELIVERY = (
    b"self-test",
    b"standby",
    b"programming",
    b"priming",
    b"infusing",
    b"bolus",
    b"paused",
    b"kvo",
    b"complete",
    b"stopped",
    b"maintenance",
    b"failed",
)
TRUST = (
    b"normal",
    b"offline",
    b"suspect",
    b"isolated",
    b"recovery",
)
# By code; b"" where there is none.
ALARMS = (
    b"downstream occlusion",
    b"upstream occlusion",
    b"air in line",
    b"door open",
    b"syringe or set not in place",
    b"reservoir empty",
    b"over-temperature",
    b"motor stall",
    b"free flow",
    b"therapy in doubt",
    b"self-test failed",
    b"stopped: help is gone",
    b"volume over, going on at the rate",
    b"infusion complete, flow stopped",
    b"keeping the vein open",
    b"rolling dose limit reached",
    b"reservoir low",
    b"battery low",
    b"on battery",
    b"paused for two minutes",
    b"not stored, not raised",
    b"volume lost in a stall",
    b"drug library missing or damaged",
    b"programming left alone",
    b"near the end",
    b"resumed after a reset",
    b"waits after a reset: start again, or end",
    b"less flows than is pumped",
    b"the same alarm again and again",
    b"the pump was late",
    b"",
    b"",
    b"network lost",
    b"hostile traffic began",
    b"hostile traffic",
    b"security layer compromised, pump isolated",
    b"communication held back",
    b"break-glass: used without credentials",
    b"memory nearly full",
    b"clock went backwards",
    b"the log has a gap",
    b"somebody asks for a pause",
    b"somebody asks for a stop",
)
MESSAGES = (
    b"",
    b"confirmed: prime, or start",
    b"past a soft limit: confirm again",
    b"past a hard limit",
    b"volume past its limit",
    b"bolus past its limit",
    b"locked out",
    b"rolling dose limit",
    b"clear the hazard first",
    b"not stored, nothing raised",
    b"wait",
    b"something is missing",
    b"not in the library",
    b"not for this drug",
    b"out of range",
    b"another syringe",
    b"no valid library",
    b"not in this state",
    b"turn the key switch",
    b"nothing left to infuse",
    b"no bolus",
    b"credentials, or break-glass",
    b"number and PIN first",
    b"checking the PIN",
    b"logged in",
    b"not this number and PIN",
    b"too many wrong PINs: wait",
    b"prepared from afar: check each entry, then confirm",
    b"a new dose rate is asked for from afar: confirm takes it",
    b"prepared from afar: a second person has to agree first",
    b"unprovisioned: no credentials, nothing is heard from afar",
    b"not for your role",
    b"checking the card: leave it there",
    b"no card of anybody here",
    b"too many wrong cards: wait",
    b"the card does not answer: number and PIN",
    b"nothing whole was carried here",
    b"not the number of what was carried here",
    b"confirmed: switch off and on, and it is looked at",
    b"what was carried here is in force",
    b"what was carried here was refused, all is as it was: see the audit",
)
# Of the alarms, by code.
PRIORITIES = (
    b"\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x02\x02\x01\x01\x01\x02\x02\x02\x03\x01"
    b"\x01\x02\x03\x03\x03\x01\x00\x00\x01\x02\x01\x02\x01\x02\x02\x01\x02\x02\x03"
)


def name(table, code):
    """Return the word for a code of one of the tables above, b"?" where it has none."""
    return table[code] if 0 <= code < len(table) else b"?"
