"""Builds a prescription from what a person entered and the library entry, or says why not.

Runs outside the tick; the arithmetic may leave small integers. Every limit is checked in
its own unit; a rate is rounded down once and never upward past a hard limit.
"""

from firmware.therapy import dose, layout
from firmware.therapy import messages as msg
from firmware.therapy.heads import MIN_RATE_UL_H, step_volume
from firmware.therapy.layout import KIND_HOLD, KIND_RAMP, KIND_SPREAD
from firmware.therapy.prescription import Prescription
from hal import ports
from hal.compat import const

MIN_WEIGHT_G = const(300)
MAX_WEIGHT_G = const(400_000)
MAX_VOLUME_UL = const(1_000_000_000)  # 1,000 L
MAX_TIME_S = const(2_592_000)  # 30 days
_MIN_PRESSURE_MMHG = const(50)
_MAX_PRESSURE_MMHG = const(525)


class Request:
    """What a person has entered: an integer for each field code, and a list of steps."""

    def __init__(self):
        self.fields = [-1] * 64
        self.steps = []

    def clear(self):
        """Forget all that was entered; takes no memory, so it cannot fail."""
        for field in range(len(self.fields)):
            self.fields[field] = -1
        self.steps.clear()

    def enter(self, field, value):
        """Take one field; returns False for a code or a value that cannot be."""
        if not 0 < field < len(self.fields) or value < 0:
            return False
        if field == ports.FIELD_STEP_DOSE_MILLI:
            self.steps.append([value, 0])
        elif field == ports.FIELD_STEP_S:
            if not self.steps:
                return False
            self.steps[-1][1] = value
        else:
            self.fields[field] = value
        return True

    def copy(self, other):
        """Take over all that was entered into another request."""
        for field in range(len(self.fields)):
            self.fields[field] = other.fields[field]
        self.steps = [[dose_milli, seconds] for dose_milli, seconds in other.steps]

    def get(self, field):
        """Value of a field, or -1."""
        return self.fields[field]


class Prescriber:
    """One attempt: `build` returns a message code; `rx` and `soft` hold what it made."""

    def __init__(self, entry, head, max_rate_ul_h):
        self.entry = entry
        self.rx = Prescription()
        self.soft = False  # past a soft limit: needs a second confirm
        self.refused = msg.NONE  # what the last look at a dose rate came to
        self._head = head
        self._max = max_rate_ul_h

    def build(self, request, library):
        """Fill `rx` from `request`; returns msg.NONE or why it is refused."""
        entry = self.entry
        rx = self.rx
        mode = request.get(ports.FIELD_MODE)
        if mode < 0 or not entry.allows(mode):
            return msg.MODE
        weight = max(request.get(ports.FIELD_WEIGHT_G), 0)
        if layout.UNITS[entry.unit][2] and not MIN_WEIGHT_G <= weight <= MAX_WEIGHT_G:
            return msg.MISSING
        rx.mode = mode
        rx.policy = entry.policy
        rx.head = self._head
        rx.syringe = max(request.get(ports.FIELD_SYRINGE), 0)
        rx.unit = entry.unit
        rx.care_area = entry.care_area
        rx.drug = entry.code
        rx.library_sequence = library.sequence
        rx.library_crc = library.crc
        rx.concentration = entry.concentration
        rx.weight_g = weight
        rx.off_limit_s = entry.off_limit_s
        rx.air_single_ul = entry.air_single_ul
        if not step_volume(self._head, rx.syringe):
            return msg.SYRINGE
        return (
            self._pressure(request)
            or self._rates(request)
            or self._segments(request)
            or self._volume(rx.vtbi_ul)
            or self._boluses(request)
            or self._kvo()
        )

    def rate_of(self, dose_milli):
        """Rate in µL/h of a dose rate for this patient, rounded down; -1 where there is none."""
        return dose.rate_ul_h(self.entry.unit, dose_milli, self.rx.weight_g, self.entry.concentration)

    def check_dose(self, dose_milli):
        """Hold a dose rate against the entry's limits; notes a soft one."""
        entry = self.entry
        if dose_milli > entry.upper_hard or dose_milli < entry.lower_hard:
            return msg.HARD_LIMIT
        if (entry.upper_soft and dose_milli > entry.upper_soft) or dose_milli < entry.lower_soft:
            self.soft = True
        return self.check_rate(self.rate_of(dose_milli))

    def check_rate(self, rate_ul_h):
        """Hold a rate against the head's range and the hard limit."""
        if rate_ul_h < MIN_RATE_UL_H or rate_ul_h > self._max:
            return msg.RANGE
        return msg.HARD_LIMIT if rate_ul_h > self.rx.rate_hard_ul_h else msg.NONE

    def _pressure(self, request):
        pressure = request.get(ports.FIELD_PRESSURE_MMHG)
        if pressure < 0:
            pressure = self.entry.pressure_mmhg
        if not _MIN_PRESSURE_MMHG <= pressure <= _MAX_PRESSURE_MMHG:
            return msg.RANGE
        self.rx.pressure_mmhg = pressure
        return msg.NONE

    def _rates(self, request):
        hard = self.rate_of(self.entry.upper_hard)
        if hard < 0:
            return msg.MISSING
        soft = self.rate_of(self.entry.upper_soft or self.entry.upper_hard)
        self.rx.rate_hard_ul_h = min(hard, self._max)
        self.rx.rate_soft_ul_h = min(soft, self._max)
        self.rx.dose_milli = max(request.get(ports.FIELD_DOSE_MILLI), 0)
        return msg.NONE

    def _volume(self, vtbi_ul):
        entry = self.entry
        if vtbi_ul == 0:
            return msg.NONE
        if vtbi_ul > MAX_VOLUME_UL:
            return msg.RANGE
        if vtbi_ul < entry.vtbi_lower_hard_ul or (entry.vtbi_upper_hard_ul and vtbi_ul > entry.vtbi_upper_hard_ul):
            return msg.VTBI_LIMIT
        if vtbi_ul < entry.vtbi_lower_soft_ul or (entry.vtbi_upper_soft_ul and vtbi_ul > entry.vtbi_upper_soft_ul):
            self.soft = True
        return msg.NONE

    def _kvo(self):
        highest = max(self.rx.seg_rate_ul_h[: self.rx.segments])
        highest = max(highest, max(self.rx.seg_end_ul_h[: self.rx.segments]))
        self.rx.kvo_ul_h = min(self.entry.kvo_ul_h, highest, self.rx.rate_hard_ul_h)
        return msg.NONE

    # One method a mode.

    def _segments(self, request):
        mode = self.rx.mode
        if mode == layout.MODE_CONTINUOUS:
            return self._continuous(request)
        if mode == layout.MODE_VOLUME_TIME or mode == layout.MODE_VTBI_TIME:
            return self._timed(request, mode == layout.MODE_VTBI_TIME)
        if mode == layout.MODE_LOADING:
            return self._loading(request)
        if mode == layout.MODE_STEPS:
            return self._steps(request)
        if mode == layout.MODE_RAMP:
            return self._ramp(request)
        if mode == layout.MODE_INTERMITTENT:
            return self._intermittent(request)
        return self._pca(request) if mode == layout.MODE_PCA else msg.MODE

    def _continuous(self, request):
        rx = self.rx
        vtbi = request.get(ports.FIELD_VTBI_UL)
        if rx.dose_milli == 0 or vtbi <= 0:
            return msg.MISSING
        rx.vtbi_ul = vtbi
        rx.add(KIND_HOLD, self.rate_of(rx.dose_milli), 0, 0)
        return self.check_dose(rx.dose_milli)

    def _over_time(self, request):
        """Volume and time of a timed dose, or nothing."""
        volume = request.get(ports.FIELD_VTBI_UL)
        seconds = request.get(ports.FIELD_TIME_S)
        if volume <= 0 or seconds <= 0:
            return 0, 0
        return volume, seconds

    def _note_dose_of(self, rate_ul_h):
        """A rate made from volume and time meets the soft limits too."""
        rx = self.rx
        shown = dose.dose_milli(rx.unit, rate_ul_h, rx.weight_g, rx.concentration)
        rx.dose_milli = shown
        if rate_ul_h > rx.rate_soft_ul_h or shown < self.entry.lower_soft:
            self.soft = True
        return msg.HARD_LIMIT if shown < self.entry.lower_hard else self.check_rate(rate_ul_h)

    def _timed(self, request, keep_end):
        rx = self.rx
        volume, seconds = self._over_time(request)
        if not volume:
            return msg.MISSING
        if volume > MAX_VOLUME_UL or seconds > MAX_TIME_S:
            return msg.RANGE
        rate = volume * 3600 // seconds
        rest = volume * 3600 % seconds
        rx.vtbi_ul = volume
        if not keep_end:
            rx.add(KIND_HOLD, rate, volume, 0)
            return self._note_dose_of(rate)
        rx.add(KIND_SPREAD, rate, volume, seconds, 0, rest)
        return self._note_dose_of(rate) or self.check_rate(rate + (1 if rest else 0))

    def _loading(self, request):
        rx = self.rx
        entry = self.entry
        volume = request.get(ports.FIELD_LOADING_UL)
        seconds = request.get(ports.FIELD_LOADING_S)
        vtbi = request.get(ports.FIELD_VTBI_UL)
        if volume <= 0 or seconds <= 0 or rx.dose_milli == 0 or vtbi <= 0:
            return msg.MISSING
        load = volume * 3600 // seconds
        if entry.loading_rate_hard_ul_h == 0:
            return msg.MODE
        if load > entry.loading_rate_hard_ul_h:
            return msg.HARD_LIMIT
        if not MIN_RATE_UL_H <= load <= self._max:
            return msg.RANGE
        rx.vtbi_ul = volume + vtbi
        rx.add(KIND_HOLD, load, volume, 0)
        rx.add(KIND_HOLD, self.rate_of(rx.dose_milli), 0, 0)
        return self.check_dose(rx.dose_milli)

    def _steps(self, request):
        rx = self.rx
        if not request.steps or len(request.steps) > 12:
            return msg.MISSING
        for dose_milli, seconds in request.steps:
            if not 0 < seconds <= MAX_TIME_S:
                return msg.MISSING
            message = self.check_dose(dose_milli)
            if message:
                return message
            rx.add(KIND_HOLD, self.rate_of(dose_milli), 0, seconds)
        rx.dose_milli = request.steps[0][0]
        rx.vtbi_ul = max(request.get(ports.FIELD_VTBI_UL), 0)
        return msg.NONE

    def _ramp(self, request):
        rx = self.rx
        up = request.get(ports.FIELD_RAMP_UP_S)
        hold = request.get(ports.FIELD_TIME_S)
        down = request.get(ports.FIELD_RAMP_DOWN_S)
        if rx.dose_milli == 0 or up < 0 or down < 0 or hold <= 0:
            return msg.MISSING
        if up > MAX_TIME_S or hold > MAX_TIME_S or down > MAX_TIME_S:
            return msg.RANGE
        top = self.rate_of(rx.dose_milli)
        if up:
            rx.add(KIND_RAMP, 0, 0, up, top // up, top % up, top)
        rx.add(KIND_HOLD, top, 0, hold)
        if down:
            rx.add(KIND_RAMP, top, 0, down, -top // down, -top % down, 0)
        rx.vtbi_ul = max(request.get(ports.FIELD_VTBI_UL), 0)
        return self.check_dose(rx.dose_milli)

    def _intermittent(self, request):
        rx = self.rx
        volume, seconds = self._over_time(request)
        interval = request.get(ports.FIELD_INTERVAL_S)
        cycles = request.get(ports.FIELD_CYCLES)
        if not volume or interval <= seconds or not 1 <= cycles <= 65_535:
            return msg.MISSING
        if interval > MAX_TIME_S or volume > MAX_VOLUME_UL:
            return msg.RANGE
        rate = volume * 3600 // seconds
        if rate == 0:
            return msg.RANGE
        wait = interval - (volume * 3600 + rate - 1) // rate
        if wait <= 0:
            return msg.RANGE
        rx.cycles = cycles
        rx.add(KIND_HOLD, rate, volume, 0)
        rx.add(KIND_HOLD, min(self.entry.kvo_ul_h, rate), 0, wait)
        message = self._note_dose_of(rate)
        # Each dose is held against the entry's volume limits; the whole has none.
        return message or self._volume(volume)

    def _pca(self, request):
        rx = self.rx
        if request.get(ports.FIELD_BOLUS_UL) <= 0 or request.get(ports.FIELD_LOCKOUT_S) < 0:
            return msg.MISSING
        rx.vtbi_ul = max(request.get(ports.FIELD_VTBI_UL), 0)
        basal = self.rate_of(rx.dose_milli)
        rx.add(KIND_HOLD, basal, 0, 0)
        rx.window_s = self.entry.window_s
        rx.window_hard_ul = self.entry.window_hard_ul if self.entry.window_s else 0
        return self.check_dose(rx.dose_milli) if rx.dose_milli else msg.NONE

    def _boluses(self, request):
        rx = self.rx
        entry = self.entry
        volume = request.get(ports.FIELD_BOLUS_UL)
        if volume > 0:
            rate = request.get(ports.FIELD_BOLUS_UL_H)
            if rate < 0:
                rate = min(entry.bolus_rate_hard_ul_h, self._max)
            message = self._check_bolus(volume, rate)
            if message:
                return message
            if rx.mode != layout.MODE_PCA:
                rx.clinician_ul = volume
                rx.clinician_ul_h = rate
                return msg.NONE
            rx.patient_ul = volume
            rx.patient_ul_h = rate
            rx.lockout_s = request.get(ports.FIELD_LOCKOUT_S)
            if rx.lockout_s < entry.lockout_lower_hard_s or rx.lockout_s > MAX_TIME_S:
                return msg.BOLUS_LIMIT
        return self._clinician(request)

    def _clinician(self, request):
        rx = self.rx
        volume = request.get(ports.FIELD_CLINICIAN_UL)
        seconds = request.get(ports.FIELD_CLINICIAN_S)
        if volume <= 0:
            return msg.NONE
        if seconds <= 0:
            return msg.MISSING
        rx.clinician_ul = volume
        rx.clinician_ul_h = volume * 3600 // seconds
        return self._check_bolus(volume, rx.clinician_ul_h)

    def _check_bolus(self, volume, rate):
        entry = self.entry
        if volume > entry.bolus_upper_hard_ul or rate > entry.bolus_rate_hard_ul_h:
            return msg.BOLUS_LIMIT
        if not MIN_RATE_UL_H <= rate <= self._max:
            return msg.RANGE
        if entry.bolus_upper_soft_ul and volume > entry.bolus_upper_soft_ul:
            self.soft = True
        return msg.NONE
