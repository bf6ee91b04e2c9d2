"""A pump's drive, line and reservoir in small integers, a slice of at most 100 ms at a time.

A small sister of simulator/plant: the generator is exact, the line is one compliance and one
resistance, and nothing is noisy, sticks or has play. Volumes in nL, pressures in mmHg, times in ms.
Figures are those of simulator/plant/config.py; tests/bare holds the two side by side.
"""

from hal.compat import const, ticks_add, ticks_diff
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC

SLICE_MS = const(100)
MICRO = const(1_000_000)  # of a step
TOP_MHZ = const(5_400_000)  # the driver steps no faster
UNITS_PER_NL = const(3600)

# One step's volume in 1/3600 nL and the barrel in µm, as in firmware/therapy/heads.py.
VOLUMETRIC_STEP = const(225_000)
SYRINGE = const(5)  # BD Plastipak 60 mL
SYRINGE_STEP = const(126_167)
SYRINGE_UM = const(26_720)
FULL_VOLUMETRIC_NL = const(250_000_000)
FULL_SYRINGE_NL = const(60_000_000)

TAU_MS = const(500)  # 0.5 mmHg·s/µL × 1 µL/mmHg
SIPHON_MS = const(100)  # 0.1 mmHg·s/µL, where the way from the bag stands open
VEIN_MMHG = const(8)
BAG_MMHG = const(45)
STALL_MMHG = const(1200)
FLOOR_MMHG = const(-300)  # no pump draws the upper line below this
DROP_NL = const(50_000)
AIR_GATE_NL = const(500_000)  # of one bubble: the hardware lets no more past
PERMILLE_MS = const(36_000)  # ten hours on a full battery
_UL = const(1000)


class Plant:
    """Truths of the pump. `drive` it, let it `advance`, look at it; world attributes are 0 or 1 and plainly set.

    What sets `door_open`, `stop_held` or `air_nl` calls `hold_gate` after it.
    """

    __slots__ = (
        "_battery_ms", "_drop_nl", "_enable", "_end", "_phase", "_rate_mhz", "_step", "_units", "air_nl",
        "air_passed_nl", "battery_permille", "clamp_open", "count", "delivered_nl", "delivered_ul", "door_open",
        "drips", "free_flow", "gate_shut", "head", "heat", "held_nl", "jammed", "key_switch", "left_nl", "link_up",
        "mains", "missed", "occluded", "occluded_up", "relay", "stop_held", "up_nl",
    )  # fmt: skip

    def __init__(self, head):
        """`head`: HEAD_SYRINGE (60 mL) or HEAD_VOLUMETRIC (250 mL)."""
        self.head = head
        self._step = SYRINGE_STEP if head == HEAD_SYRINGE else VOLUMETRIC_STEP
        self.renew()

    def renew(self):
        """Another pump of the same make, with a full reservoir and a patient who has got nothing."""
        self.fill()
        self.occluded = self.occluded_up = self.door_open = self.clamp_open = 0
        self.free_flow = self.jammed = self.heat = self.key_switch = self.stop_held = 0
        self.mains = self.link_up = 1
        self.gate_shut = 0  # by Stop, door or air; latched
        self.air_nl = 0  # of the bubble at the detector
        self.air_passed_nl = 0
        self.held_nl = 0  # in the line, beyond what it holds at the vein's pressure
        self.up_nl = 0  # drawn from an upper line that is closed
        self.delivered_ul = 0  # has reached the patient, air and all …
        self.delivered_nl = 0  # … and the rest of it, below 1000
        self.drips = 0
        self.battery_permille = 1000
        self._battery_ms = 0
        self._drop_nl = 0
        self._units = 0
        self.restart()

    def fill(self):
        """Put a full reservoir in."""
        self.left_nl = FULL_SYRINGE_NL if self.head == HEAD_SYRINGE else FULL_VOLUMETRIC_NL

    def restart(self):
        """The chip restarts: no step more, the relay open, counters at 0."""
        self.count = 0  # steps modulo 2**30
        self.missed = 0  # steps that the screw did not follow
        self.drips = 0
        self.relay = 0
        self._phase = 0  # millionths of a step
        self._rate_mhz = 0
        self._end = 0
        self._enable = 0

    # What the firmware asks.

    def drive(self, rate_mhz, end, enable, relay):
        """Run at `rate_mhz` up to the counter value `end`; `enable` rising re-arms a gate that nothing holds."""
        if self.gate_shut and enable and not self._enable and not self._gate_held():
            self.gate_shut = 0
            self.air_passed_nl = 0
        self._enable = enable
        self.relay = relay
        self._end = end
        running = enable and relay and not self.gate_shut
        self._rate_mhz = min(max(rate_mhz, -TOP_MHZ), TOP_MHZ) if running else 0

    def hold_gate(self):
        """Door, Stop key or air: the generator stops in hardware, now."""
        if self._gate_held():
            self.gate_shut = 1
            self._rate_mhz = 0

    def _gate_held(self):
        return self.door_open or self.stop_held

    # What happens to it.

    def open_door(self, opened):
        """Open or close the door (a syringe's clamp); whoever opens it takes out the air."""
        if self.head == HEAD_SYRINGE:
            self.clamp_open = opened
            return
        self.door_open = opened
        self.hold_gate()
        if opened:
            self.air_nl = 0

    def close_bag(self, closed):
        """Close or open the line to the bag."""
        self.occluded_up = closed
        if not closed:
            self.up_nl = 0

    # Truths.

    def down_mmhg(self):
        """Pressure in the line to the patient."""
        return VEIN_MMHG + self.held_nl // _UL

    def up_mmhg(self):
        """Pressure in the line from the bag; 0 for a syringe, which has none."""
        if self.head == HEAD_SYRINGE:
            return 0
        return max(BAG_MMHG - self.up_nl // (2 * _UL), FLOOR_MMHG)

    def encoder(self):
        """Steps that the screw made, modulo 2**30."""
        return ticks_add(self.count, -self.missed)

    def reservoir_ul(self):
        """What the plunger's position says; -1 for a bag, which nothing senses."""
        return self.left_nl // _UL if self.head == HEAD_SYRINGE else -1

    def air_at_detector(self):
        """Whether a bubble, or the air of an empty bag, stands there."""
        return self.head == HEAD_VOLUMETRIC and (self.air_nl > 0 or self.left_nl <= 0)

    def moving(self):
        """Whether the generator steps now."""
        rate = self._rate_mhz
        room = ticks_diff(self._end, self.count)
        return room > 0 if rate > 0 else rate < 0 and (room < 0 or (room == 0 and self._phase > 0))

    # Time.

    def advance(self, ms):
        """Let `ms` pass."""
        while ms > 0:
            self._slice(ms if ms < SLICE_MS else SLICE_MS)
            ms -= SLICE_MS

    def _slice(self, ms):
        steps = self._generate(ms)
        if steps:
            blocked = steps > 0 and (self.down_mmhg() >= STALL_MMHG or self._at_barrel_end())
            if self.jammed or blocked:
                self.missed += steps
                steps = 0
        units = self._units + steps * self._step
        self._units = units % UNITS_PER_NL
        nl = units // UNITS_PER_NL
        if self.clamp_open:  # nothing holds the plunger, or no set is in
            nl = 0
        if self.occluded_up and nl:
            nl = min(nl, 2 * _UL * (BAG_MMHG - FLOOR_MMHG) - self.up_nl)
            self.up_nl += nl
        if self.free_flow and self.left_nl > 0:
            nl += (BAG_MMHG - self.down_mmhg()) * _UL * ms // (SIPHON_MS + ms // 2)
        self._flow(nl, ms)
        if not self.mains:
            self._discharge(ms)

    def _generate(self, ms):
        """Steps of the counter in `ms`: exact, and never past the lease's end."""
        rate = self._rate_mhz
        if not self.moving():
            return 0
        room = ticks_diff(self._end, self.count)
        total = self._phase + rate * ms
        steps = total // MICRO
        if (steps >= room) if rate > 0 else (steps < room):
            steps = room
            self._phase = 0
        else:
            self._phase = total % MICRO
        self.count = ticks_add(self.count, steps)
        return steps

    def _at_barrel_end(self):
        return self.head == HEAD_SYRINGE and self.left_nl <= 0

    def _flow(self, nl, ms):
        """`nl` enter the line; what the line does not hold back reaches the patient."""
        if nl:
            self.left_nl = max(self.left_nl - nl, 0)
            if self.air_at_detector() and nl > 0:
                self._pass_air(nl)
            # As in simulator/plant, what a back-off pushes up is taken from the drops, until they make it good.
            self._drop_nl += nl
            self.drips = ticks_add(self.drips, self._drop_nl // DROP_NL)
            self._drop_nl %= DROP_NL
        if self.occluded:
            self.held_nl += nl
            return
        # The mean of both ends of the slice flows out: off by 0.3 % of what an exponential would change.
        out = (self.held_nl + nl // 2) * ms // (TAU_MS + ms // 2)
        self.held_nl += nl - out
        self.delivered_nl += out
        self.delivered_ul += self.delivered_nl // _UL
        self.delivered_nl %= _UL

    def _pass_air(self, nl):
        self.air_nl = max(self.air_nl - nl, 0)
        self.air_passed_nl += nl
        if self.air_passed_nl >= AIR_GATE_NL:
            self.gate_shut = 1
            self._rate_mhz = 0

    def _discharge(self, ms):
        self._battery_ms += ms
        if self._battery_ms >= PERMILLE_MS:
            self._battery_ms -= PERMILLE_MS
            self.battery_permille = max(self.battery_permille - 1, 0)
