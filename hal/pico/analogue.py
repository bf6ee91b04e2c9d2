"""Line pressure, plunger, battery and temperature from the RP2040's converter, in integers.

Its 12 bits are noisy by a few counts, and four codes are several counts wide (erratum E11), so
what a hazard rests on is the mean of SAMPLES conversions in one turn: 36 in all, under 1 ms.
A reading at a rail is a broken or shorted wire and no value.

Calibration is of the parts in docs/bench.md; another transducer or potentiometer has other numbers.
"""

from machine import ADC, Pin

from hal.compat import const
from hal.pico import pins
from hal.ports import ERR_FAILED, OK

SAMPLES = const(16)
_SLOW_SAMPLES = const(2)
_FULL = const(65_536)  # of read_u16: 3300 mV, the supply of the converter and of the ratiometric parts

# Pressure: a gauge transducer of -100 … 1500 mmHg over 10 … 90 % of its supply.
PRESSURE_LOW_MMHG = const(-100)
PRESSURE_HIGH_MMHG = const(1500)
PRESSURE_LOW = const(6554)
PRESSURE_HIGH = const(58_982)
_RAIL = const(3277)  # within 5 % of a rail no transducer's output lies

# Plunger: a slide potentiometer, 100 mm of travel between 2 and 98 % of its track.
PLUNGER_EMPTY = const(1311)
PLUNGER_FULL = const(64_225)
PLUNGER_TRAVEL_UM = const(100_000)
_TRACK_RAIL = const(400)  # 0.6 %: past the ends of the travel

# Battery: two lithium cells behind 20 kΩ over 10 kΩ.
BATTERY_FULL_SCALE_MV = const(9900)
BATTERY_LEAST_MV = const(5000)  # the cells' own protection has switched off before: nothing is connected
# Charge left by the voltage of one cell at rest, a generic curve: mV and thousandths. Good to about a tenth.
_CELL_MV = (3000, 3450, 3680, 3740, 3770, 3790, 3820, 3870, 3920, 3980, 4060, 4200)
_CELL_PERMILLE = (0, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000)

# Temperature: RP2040 datasheet, 4.9.5: 27 °C at 706 mV, 1.721 mV less for each degree. It is the chip's
# own, some degrees above the air's, and uncalibrated: 1 % of the supply is 4 °C. Worth an alarm, no more.
_AT_27_UV = const(706_000)
_UV_A_TENTH = const(172)
_UV_A_COUNT_TIMES_64 = const(3223)  # 3.3 V / 65536 = 50.35 µV


class Analogue:
    """All four. `barrel_um` is the inner diameter of the syringe that the bench is set up for, 0 for none."""

    def __init__(self, barrel_um=0):
        self._pressure = ADC(Pin(pins.PRESSURE))
        self._battery = ADC(Pin(pins.BATTERY))
        self._temperature = ADC(4)
        self._plunger = ADC(Pin(pins.PLUNGER)) if barrel_um else None
        self._full_ul = full_ul(barrel_um)

    def read(self, readings):
        """Write `down_mmhg`, `reservoir_ul`, `battery_mv`, `battery_permille` and `temperature_dc`.

        OK, or ERR_FAILED where pressure or plunger reads a rail: its last good value stays. A
        battery that reads nothing is an empty one.
        """
        rc = OK
        counts = mean(self._pressure, SAMPLES)
        if _RAIL < counts < _FULL - _RAIL:
            readings.down_mmhg = pressure_mmhg(counts)
        else:
            rc = ERR_FAILED
        if self._plunger is None:
            readings.reservoir_ul = -1
        else:
            counts = mean(self._plunger, SAMPLES)
            if _TRACK_RAIL < counts < _FULL - _TRACK_RAIL:
                readings.reservoir_ul = reservoir_ul(counts, self._full_ul)
            else:
                rc = ERR_FAILED
        battery_mv = mean(self._battery, _SLOW_SAMPLES) * (BATTERY_FULL_SCALE_MV // 4) // (_FULL // 4)
        readings.battery_mv = battery_mv if battery_mv >= BATTERY_LEAST_MV else 0
        readings.battery_permille = battery_permille(battery_mv)
        readings.temperature_dc = temperature_dc(mean(self._temperature, _SLOW_SAMPLES))
        return rc


def mean(adc, samples):
    """The mean of some conversions, 0 … 65535."""
    total = samples // 2
    for _ in range(samples):
        total += adc.read_u16()
    return total // samples


def pressure_mmhg(counts):
    """Pressure by the 16-bit count, to the nearest whole mmHg."""
    span = PRESSURE_HIGH - PRESSURE_LOW
    return ((counts - PRESSURE_LOW) * (PRESSURE_HIGH_MMHG - PRESSURE_LOW_MMHG) + span // 2) // span + PRESSURE_LOW_MMHG


def full_ul(barrel_um):
    """Volume of a barrel over the whole travel. Not for the turn: it uses large integers."""
    return 355 * barrel_um * barrel_um // (4 * 113) * (PLUNGER_TRAVEL_UM // 1000) // 1_000_000  # π is 355/113


def reservoir_ul(counts, full):
    """What the plunger has before it, by the 16-bit count; 0 beyond the end of its travel."""
    span = (PLUNGER_FULL - PLUNGER_EMPTY) // 4
    return max(counts - PLUNGER_EMPTY, 0) // 4 * full // span


def battery_permille(battery_mv):
    """Charge left in two cells, in thousandths."""
    cell_mv = battery_mv // 2
    if battery_mv < BATTERY_LEAST_MV or cell_mv <= _CELL_MV[0]:
        return 0
    for place in range(1, len(_CELL_MV)):
        high_mv = _CELL_MV[place]
        if cell_mv < high_mv:
            low_mv = _CELL_MV[place - 1]
            low = _CELL_PERMILLE[place - 1]
            return low + (_CELL_PERMILLE[place] - low) * (cell_mv - low_mv) // (high_mv - low_mv)
    return 1000


def temperature_dc(counts):
    """The chip's temperature in tenths of a degree Celsius, by the 16-bit count."""
    microvolts = counts * _UV_A_COUNT_TIMES_64 // 64
    return 270 - (microvolts - _AT_27_UV) // _UV_A_TENTH
