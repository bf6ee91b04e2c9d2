"""What the pump may do next: the delivery table and the trust table, and their names.

Rows are read by engine.py and, on the host, by `transitions` (tools/charts.py). The policy
of a drug reaches the delivery table as guard bits; trust reaches it by EV_HELP_GONE alone.
Source: design of the fail-safe policy, docs/design.md.
"""

from hal.compat import const

# Delivery states.
ST_SELF_TEST = const(0)
ST_STANDBY = const(1)
ST_PROGRAMMING = const(2)
ST_PRIMING = const(3)
ST_INFUSING = const(4)
ST_BOLUS = const(5)
ST_PAUSED = const(6)
ST_KVO = const(7)
ST_COMPLETE = const(8)
ST_STOPPED = const(9)  # by a hazard or by the drug's policy
ST_MAINTENANCE = const(10)
ST_FAILED = const(11)

# Delivery events.
EV_TEST_PASSED = const(0)
EV_TEST_FAILED = const(1)
EV_PROGRAMME = const(2)  # a person opens programming
EV_CANCEL = const(3)
EV_PRIME_ON = const(4)
EV_PRIME_OFF = const(5)  # released, or its volume reached
EV_START = const(6)  # a confirmed prescription, stored
EV_RESUME = const(7)  # at or below the rate it had
EV_STOP = const(8)  # the Stop key
EV_PAUSE = const(9)
EV_BOLUS = const(10)  # granted and stored
EV_BOLUS_DONE = const(11)
EV_VOLUME_DONE = const(12)  # VTBI or the programme's end
EV_LIMIT = const(13)  # rolling dose limit reached
EV_HAZARD = const(14)  # air, occlusion, empty, door, heat, stall …
EV_DOUBT = const(15)  # therapy cannot trust itself
EV_HELP_GONE = const(16)  # entry to ISOLATED
EV_STANDBY = const(17)  # a person ends the therapy
EV_MAINTENANCE_ON = const(18)
EV_MAINTENANCE_OFF = const(19)

# Delivery guards: bits.
G_ALWAYS = const(0)
G_SAFE = const(1)  # no hazard present
G_SUSTAIN = const(2)  # the entry's policy …
G_KVO = const(4)  # … kvo or basal, and its KVO rate is above 0
G_HELP_KVO = const(8)  # policy kvo, its KVO rate above 0
G_HELP_STOP = const(16)  # policy stop, or kvo with a KVO rate of 0
G_KEY = const(32)  # key switch turned
G_GO_ON = const(64)  # the journal lets the therapy of before go on by itself
G_WAIT = const(128)  # the journal has a therapy of before

# Delivery actions, carried out by the controller.
A_NONE = const(0)
A_START = const(1)  # take the candidate prescription into use
A_HOLD = const(2)  # stop the motor, keep the programme
A_RESUME = const(3)
A_BOLUS = const(4)  # take the granted bolus into use
A_BOLUS_END = const(5)
A_KVO = const(6)
A_COMPLETE = const(7)
A_SUSTAIN = const(8)  # go on at the rate, alarm HIGH
A_HAZARD = const(9)  # stop the motor, back off where the hazard asks
A_FAIL = const(10)  # cut motor power
A_END = const(11)  # forget the prescription
A_PRIME = const(12)
A_PRIME_END = const(13)
A_READY = const(14)  # self-test passed
A_GO_ON = const(15)  # take up the therapy of before
A_WAIT = const(16)  # take it up, the motor still, until a person says

DELIVERY = bytes(
    (
        # event, source, guard, destination, action
        EV_TEST_PASSED, ST_SELF_TEST, G_GO_ON | G_WAIT | G_SAFE, ST_INFUSING, A_GO_ON,
        EV_TEST_PASSED, ST_SELF_TEST, G_WAIT, ST_PAUSED, A_WAIT,
        EV_TEST_PASSED, ST_SELF_TEST, G_ALWAYS, ST_STANDBY, A_READY,
        EV_TEST_FAILED, ST_SELF_TEST, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_PROGRAMME, ST_STANDBY, G_ALWAYS, ST_PROGRAMMING, A_NONE,
        EV_CANCEL, ST_PROGRAMMING, G_ALWAYS, ST_STANDBY, A_NONE,
        EV_PRIME_ON, ST_PROGRAMMING, G_SAFE, ST_PRIMING, A_PRIME,
        EV_PRIME_OFF, ST_PRIMING, G_ALWAYS, ST_PROGRAMMING, A_PRIME_END,
        EV_STOP, ST_PRIMING, G_ALWAYS, ST_PROGRAMMING, A_PRIME_END,
        EV_HAZARD, ST_PRIMING, G_ALWAYS, ST_PROGRAMMING, A_PRIME_END,
        EV_START, ST_PROGRAMMING, G_SAFE, ST_INFUSING, A_START,
        EV_STOP, ST_INFUSING, G_ALWAYS, ST_PAUSED, A_HOLD,
        EV_PAUSE, ST_INFUSING, G_ALWAYS, ST_PAUSED, A_HOLD,
        EV_BOLUS, ST_INFUSING, G_SAFE, ST_BOLUS, A_BOLUS,
        EV_VOLUME_DONE, ST_INFUSING, G_SUSTAIN, ST_INFUSING, A_SUSTAIN,
        EV_VOLUME_DONE, ST_INFUSING, G_KVO, ST_KVO, A_KVO,
        EV_VOLUME_DONE, ST_INFUSING, G_ALWAYS, ST_COMPLETE, A_COMPLETE,
        EV_LIMIT, ST_INFUSING, G_KVO, ST_KVO, A_KVO,
        EV_LIMIT, ST_INFUSING, G_SUSTAIN, ST_INFUSING, A_SUSTAIN,
        EV_LIMIT, ST_INFUSING, G_ALWAYS, ST_COMPLETE, A_COMPLETE,
        EV_HAZARD, ST_INFUSING, G_ALWAYS, ST_STOPPED, A_HAZARD,
        EV_HELP_GONE, ST_INFUSING, G_HELP_KVO, ST_KVO, A_KVO,
        EV_HELP_GONE, ST_INFUSING, G_HELP_STOP, ST_STOPPED, A_HOLD,
        EV_STOP, ST_BOLUS, G_ALWAYS, ST_PAUSED, A_HOLD,
        EV_PAUSE, ST_BOLUS, G_ALWAYS, ST_PAUSED, A_HOLD,
        EV_BOLUS, ST_BOLUS, G_SAFE, ST_BOLUS, A_BOLUS,
        EV_BOLUS_DONE, ST_BOLUS, G_ALWAYS, ST_INFUSING, A_BOLUS_END,
        EV_VOLUME_DONE, ST_BOLUS, G_SUSTAIN, ST_INFUSING, A_SUSTAIN,
        EV_VOLUME_DONE, ST_BOLUS, G_KVO, ST_KVO, A_KVO,
        EV_VOLUME_DONE, ST_BOLUS, G_ALWAYS, ST_COMPLETE, A_COMPLETE,
        EV_LIMIT, ST_BOLUS, G_KVO, ST_KVO, A_KVO,
        EV_LIMIT, ST_BOLUS, G_SUSTAIN, ST_INFUSING, A_SUSTAIN,
        EV_LIMIT, ST_BOLUS, G_ALWAYS, ST_COMPLETE, A_COMPLETE,
        EV_HAZARD, ST_BOLUS, G_ALWAYS, ST_STOPPED, A_HAZARD,
        EV_HELP_GONE, ST_BOLUS, G_HELP_KVO, ST_KVO, A_KVO,
        EV_HELP_GONE, ST_BOLUS, G_HELP_STOP, ST_STOPPED, A_HOLD,
        EV_RESUME, ST_PAUSED, G_SAFE, ST_INFUSING, A_RESUME,
        EV_STANDBY, ST_PAUSED, G_ALWAYS, ST_STANDBY, A_END,
        EV_STOP, ST_KVO, G_ALWAYS, ST_PAUSED, A_HOLD,
        EV_PAUSE, ST_KVO, G_ALWAYS, ST_PAUSED, A_HOLD,
        EV_HAZARD, ST_KVO, G_ALWAYS, ST_STOPPED, A_HAZARD,
        EV_RESUME, ST_KVO, G_SAFE, ST_INFUSING, A_RESUME,
        EV_HELP_GONE, ST_KVO, G_HELP_STOP, ST_STOPPED, A_HOLD,
        EV_STANDBY, ST_COMPLETE, G_ALWAYS, ST_STANDBY, A_END,
        EV_STOP, ST_COMPLETE, G_ALWAYS, ST_STANDBY, A_END,
        EV_RESUME, ST_STOPPED, G_SAFE, ST_INFUSING, A_RESUME,
        EV_STANDBY, ST_STOPPED, G_ALWAYS, ST_STANDBY, A_END,
        EV_MAINTENANCE_ON, ST_STANDBY, G_KEY, ST_MAINTENANCE, A_NONE,
        EV_MAINTENANCE_OFF, ST_MAINTENANCE, G_ALWAYS, ST_STANDBY, A_NONE,
        EV_DOUBT, ST_SELF_TEST, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_DOUBT, ST_STANDBY, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_DOUBT, ST_PROGRAMMING, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_DOUBT, ST_PRIMING, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_DOUBT, ST_INFUSING, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_DOUBT, ST_BOLUS, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_DOUBT, ST_PAUSED, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_DOUBT, ST_KVO, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_DOUBT, ST_COMPLETE, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_DOUBT, ST_STOPPED, G_ALWAYS, ST_FAILED, A_FAIL,
        EV_DOUBT, ST_MAINTENANCE, G_ALWAYS, ST_FAILED, A_FAIL,
    )
)  # fmt: skip

# Trust states, in order: an event lowers the state only in the rows that say so.
TR_NORMAL = const(0)
TR_OFFLINE = const(1)
TR_SUSPECT = const(2)
TR_ISOLATED = const(3)
TR_RECOVERY = const(4)

# Trust events.
EV_LINK_LOST = const(0)
EV_AUTHENTIC = const(1)  # authenticated traffic
EV_HOSTILE = const(2)  # bad MACs, replays, forgeries, guessing
EV_QUIET = const(3)  # ten minutes without hostile traffic
EV_COMPROMISED = const(4)  # local evidence against the security layer
EV_RECOVERY_ON = const(5)
EV_RECOVERED = const(6)
EV_BREAK_GLASS = const(7)  # a person goes on without credentials
EV_GLASS_DONE = const(8)

# Trust guards.
GT_LINK_DOWN = const(1)
GT_KEY = const(2)  # key switch turned

# Trust actions, carried out by the controller.
AT_NONE = const(0)
AT_ISOLATE = const(1)  # raise EV_HELP_GONE
AT_EPISODE = const(2)  # a new hostile episode
AT_GLASS = const(3)  # bedside control without credentials begins
AT_GLASS_DONE = const(4)

TRUST = bytes(
    (
        # event, source, guard, destination, action
        EV_LINK_LOST, TR_NORMAL, 0, TR_OFFLINE, AT_NONE,
        EV_HOSTILE, TR_NORMAL, 0, TR_SUSPECT, AT_EPISODE,
        EV_COMPROMISED, TR_NORMAL, 0, TR_ISOLATED, AT_ISOLATE,
        EV_AUTHENTIC, TR_OFFLINE, 0, TR_NORMAL, AT_NONE,
        EV_HOSTILE, TR_OFFLINE, 0, TR_SUSPECT, AT_EPISODE,
        EV_COMPROMISED, TR_OFFLINE, 0, TR_ISOLATED, AT_ISOLATE,
        EV_QUIET, TR_SUSPECT, GT_LINK_DOWN, TR_OFFLINE, AT_NONE,
        EV_QUIET, TR_SUSPECT, 0, TR_NORMAL, AT_NONE,
        EV_HOSTILE, TR_SUSPECT, 0, TR_SUSPECT, AT_NONE,
        EV_COMPROMISED, TR_SUSPECT, 0, TR_ISOLATED, AT_ISOLATE,
        EV_RECOVERY_ON, TR_ISOLATED, GT_KEY, TR_RECOVERY, AT_NONE,
        EV_BREAK_GLASS, TR_ISOLATED, GT_KEY, TR_ISOLATED, AT_GLASS,
        EV_GLASS_DONE, TR_ISOLATED, 0, TR_ISOLATED, AT_GLASS_DONE,
        EV_BREAK_GLASS, TR_RECOVERY, GT_KEY, TR_RECOVERY, AT_GLASS,
        EV_GLASS_DONE, TR_RECOVERY, 0, TR_RECOVERY, AT_GLASS_DONE,
        EV_RECOVERED, TR_RECOVERY, GT_LINK_DOWN, TR_OFFLINE, AT_NONE,
        EV_RECOVERED, TR_RECOVERY, 0, TR_NORMAL, AT_NONE,
        EV_COMPROMISED, TR_RECOVERY, 0, TR_ISOLATED, AT_ISOLATE,
    )
)  # fmt: skip

# Names for people and charts; the device build drops them (tools/build).
DELIVERY_NAMES = (
    "self-test", "standby", "programming", "priming", "infusing", "bolus",
    "paused", "kvo", "complete", "stopped", "maintenance", "failed",
)  # fmt: skip
TRUST_NAMES = ("normal", "offline", "suspect", "isolated", "recovery")
