"""Names of events, guards and actions, for people, charts and the hand-written matrix.

The firmware carries numbers; a name's place in its tuple is its code. Guards are bits: a
guard's place is its bit. The numbers of delivery and trust events overlap, so each table has
tuples of its own. tests/tables holds them against the constants of the firmware.
"""

from __future__ import annotations

DELIVERY_EVENTS = (
    "test_passed", "test_failed", "programme", "cancel", "prime_on", "prime_off", "start", "resume", "stop", "pause",
    "bolus", "bolus_done", "volume_done", "limit", "hazard", "doubt", "help_gone", "standby", "maintenance_on",
    "maintenance_off",
)  # fmt: skip
DELIVERY_GUARDS = ("safe", "sustain", "kvo", "help_kvo", "help_stop", "key", "go_on", "wait")
DELIVERY_ACTIONS = (
    "none", "start", "hold", "resume", "bolus", "bolus_end", "kvo", "complete", "sustain", "hazard", "fail", "end",
    "prime", "prime_end", "ready", "go_on", "wait",
)  # fmt: skip

TRUST_EVENTS = (
    "link_lost", "authentic", "hostile", "quiet", "compromised", "recovery_on", "recovered", "break_glass",
    "glass_done",
)  # fmt: skip
TRUST_GUARDS = ("link_down", "key")
TRUST_ACTIONS = ("none", "isolate", "episode", "glass", "glass_done")

# What a guard's bit says, in a sentence for docs/states.md.
DELIVERY_GUARD_SAYS = (
    "no hazard is present",
    "the drug's policy is sustain",
    "the policy is kvo or basal, and there is a KVO rate",
    "the policy is kvo, and there is a KVO rate",
    "the policy is stop, or kvo without a KVO rate",
    "the key switch is turned",
    "the journal lets the therapy of before the reset go on by itself",
    "the journal has a therapy of before the reset",
)
TRUST_GUARD_SAYS = ("the link is down", "the key switch is turned")

# Events that a person at the bedside raises; all others come from the pump itself.
PEOPLE = frozenset(
    ("programme", "cancel", "prime_on", "prime_off", "start", "resume", "stop", "pause", "bolus", "standby",
     "maintenance_on", "maintenance_off")
)  # fmt: skip
