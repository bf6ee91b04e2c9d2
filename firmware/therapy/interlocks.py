"""Physical hazards: what must stop the motor in every state, and what only warns.

Thresholds are those of the Open PCA Pump Requirements 1.0.0 and of the makers' manuals
named in docs/references.md, but the downstream limit and the bubble, which the
prescription carries.
"""

from firmware.therapy import alarms as al
from firmware.therapy.heads import SIZE_TOLERANCE_UM, SYRINGES
from hal.compat import const, ticks_diff
from hal.ports import (
    HEAD_SYRINGE,
    RF_AIR,
    RF_CLAMP_OPEN,
    RF_DOOR_OPEN,
    RF_MAINS,
    RF_MOTOR_FAULT,
    RF_PLUNGER_OFF,
)

UP_LIMIT_MMHG = const(-52)  # 1 psi below ambient
HEAT_DC = const(550)
HEAT_CLEAR_DC = const(500)
EMPTY_UL = const(500)
EMPTY_CLEAR_UL = const(600)  # past the sensor's noise
# The screw may lag the counter by backlash and compliance; more is a stall.
STALL_UL = const(40)
FREE_DRIPS = const(3)
DEFAULT_PRESSURE_MMHG = const(525)
_HAZARD_FLAGS = const(0x207)  # door, clamp, plunger, motor fault
_STILL_MS = const(2000)


class Interlocks:
    """Holds which hazards are present, as a mask over alarm codes."""

    __slots__ = (
        "_alarms", "_bubble_steps", "_drips", "_flags", "_head", "_lag", "_sized", "_still_ms", "air_steps",
        "armed", "hazards", "pressure_mmhg", "size_um", "stall_steps",
    )  # fmt: skip

    def __init__(self, head, alarms):
        self._head = head
        self._alarms = alarms
        self._flags = RF_MAINS
        self._bubble_steps = 0
        self._drips = 0
        self._lag = 0
        self._sized = False  # a barrel was sensed when the therapy began
        self._still_ms = 0
        self.hazards = 0
        self.armed = False  # alarms sound only where flow is meant to be
        self.pressure_mmhg = DEFAULT_PRESSURE_MMHG
        self.air_steps = 0  # single-bubble threshold in steps; 0: any bubble
        self.stall_steps = 1 << 20
        self.size_um = 0  # expected barrel; 0: any

    def prescribe(self, rx, step_volume, readings):
        """Take the limits of a prescription; the counter and encoder agree from here."""
        self.expect(rx, step_volume)
        self._lag = ticks_diff(readings.step_count, readings.encoder_count)
        self._sized = readings.size_um >= 0

    def expect(self, rx, step_volume):
        """Take the limits of a prescription."""
        self.pressure_mmhg = rx.pressure_mmhg
        self.air_steps = rx.air_single_ul * 3600 // (step_volume // 1000 + 1)
        self.stall_steps = STALL_UL * 3600 // (step_volume // 1000 + 1)
        self.size_um = 0
        if self._head == HEAD_SYRINGE:
            for row in SYRINGES:
                if row[0] == rx.syringe:
                    self.size_um = row[2]

    def intact(self, rx, step_volume):
        """Return whether the limits in force are those of `rx`."""
        return (
            self.pressure_mmhg == rx.pressure_mmhg
            and self.air_steps == rx.air_single_ul * 3600 // (step_volume // 1000 + 1)
            and self.stall_steps == STALL_UL * 3600 // (step_volume // 1000 + 1)
        )

    def check(self, r, moved, elapsed_ms):
        """Judge the readings after `moved` steps in `elapsed_ms`; return the hazard mask."""
        flags = r.flags
        if flags != self._flags or flags & _HAZARD_FLAGS:
            self._judge_flags(flags)
        if flags & RF_AIR:
            self._judge_air(moved)
        elif self._bubble_steps:
            self._bubble_steps = 0
            self._mark(al.AL_AIR, False)
        pressure = r.down_mmhg
        if pressure >= self.pressure_mmhg:
            self._mark(al.AL_OCCLUSION_DOWN, True)
        elif self.hazards & 1 and pressure < self.pressure_mmhg * 3 // 4:
            self._mark(al.AL_OCCLUSION_DOWN, False)
        if r.up_mmhg < UP_LIMIT_MMHG:
            self._mark(al.AL_OCCLUSION_UP, True)
        elif self.hazards & 2 and r.up_mmhg > UP_LIMIT_MMHG // 2:
            self._mark(al.AL_OCCLUSION_UP, False)
        heat = r.temperature_dc
        if heat > HEAT_DC:
            self._mark(al.AL_HEAT, True)
        elif self.hazards >> al.AL_HEAT & 1 and heat < HEAT_CLEAR_DC:
            self._mark(al.AL_HEAT, False)
        self._judge_motion(r, moved, elapsed_ms)
        return self.hazards

    def second(self, r):
        """Judge what changes slowly, once a second, and once more what flags alone can say."""
        self._judge_flags(r.flags)
        if self._head == HEAD_SYRINGE:
            empty = EMPTY_CLEAR_UL if self.hazards >> al.AL_EMPTY & 1 else EMPTY_UL
            self._mark(al.AL_EMPTY, 0 <= r.reservoir_ul < empty)
            # A barrel that is not sensed any more may be any.
            off = abs(r.size_um - self.size_um) > SIZE_TOLERANCE_UM if r.size_um >= 0 else self._sized
            self._mark(al.AL_NOT_LOADED, bool((self.size_um and off) or r.flags & (RF_CLAMP_OPEN | RF_PLUNGER_OFF)))

    def sound(self):
        """Raise the alarm of each hazard: whatever stops the motor is told."""
        for code in range(al.THERAPY_CODES):
            if self.hazards >> code & 1:
                self._alarms.raise_(code)

    def _mark(self, code, holds):
        bit = 1 << code
        if holds:
            self.hazards |= bit
            if self.armed:
                self._alarms.raise_(code)
        elif self.hazards & bit:
            self.hazards &= ~bit
            self._alarms.clear(code)

    def _judge_flags(self, flags):
        self._flags = flags
        self._mark(al.AL_DOOR, flags & RF_DOOR_OPEN != 0)
        if self._head == HEAD_SYRINGE:
            if flags & (RF_CLAMP_OPEN | RF_PLUNGER_OFF):
                self._mark(al.AL_NOT_LOADED, True)
        else:
            self._mark(al.AL_NOT_LOADED, flags & RF_CLAMP_OPEN != 0)
        if flags & RF_MOTOR_FAULT:
            self._mark(al.AL_MOTOR, True)
        self._alarms.set(al.AL_ON_BATTERY, not flags & RF_MAINS)

    def _judge_air(self, moved):
        # The bubble is as long as the fluid that was moved while the detector saw it.
        steps = self._bubble_steps + (moved if moved > 0 else 0)
        self._bubble_steps = steps if steps > 0 else 1
        if self._bubble_steps > self.air_steps:
            self._mark(al.AL_AIR, True)

    def _judge_motion(self, r, moved, elapsed_ms):
        if moved:
            self._still_ms = 0
            lag = ticks_diff(r.step_count, r.encoder_count) - self._lag
            if lag > self.stall_steps or lag < -self.stall_steps:
                self._mark(al.AL_MOTOR, True)
        elif self._still_ms < _STILL_MS:
            self._still_ms += elapsed_ms if elapsed_ms < _STILL_MS else _STILL_MS
            self._drips = r.drips
        elif r.drips != self._drips and ticks_diff(r.drips, self._drips) >= FREE_DRIPS:
            self._mark(al.AL_FREE_FLOW, True)

    def find(self, code):
        """Take what another detector has found for a hazard, until a person judges it gone."""
        self._mark(code, True)

    def service(self, r):
        """Forget the hazards that only a person can judge gone: stall and free flow.

        What a stall has cost stays lost: counter and encoder agree from here, or no start would last.
        """
        if self.hazards >> al.AL_MOTOR & 1:
            self._lag = ticks_diff(r.step_count, r.encoder_count)
            self._mark(al.AL_MOTOR, False)
        self._mark(al.AL_FREE_FLOW, False)
        self._still_ms = 0
