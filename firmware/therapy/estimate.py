"""What is left, in time: of the battery, of the reservoir, of what is to be infused.

Looked at once a second, in whole minutes for people and in seconds for the alarms. The aim is
±25 % of the battery's time (Open PCA Pump Requirements 1.0.0); an early warning comes ≥ 30 min
before a battery's end, a final one ≥ 3 min before any end. Figures: docs/references.md.
"""

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from firmware.therapy.interlocks import EMPTY_UL
from hal.compat import const
from hal.ports import RF_MAINS

UNKNOWN = const(-1)

# Warned a quarter early, for an estimate that is a quarter too long: 30 and 3 min.
BATTERY_EARLY_MIN = const(38)
BATTERY_FINAL_MIN = const(4)
# Whatever the time left seems to be.
BATTERY_EARLY_PERMILLE = const(50)
BATTERY_FINAL_PERMILLE = const(10)

RESERVOIR_EARLY_S = const(900)
RESERVOIR_LOW_UL = const(1000)
# Three minutes, ten seconds more for looking once a second.
FINAL_S = const(190)
# A warning ends where so much more is left than raised it.
_AGAIN_S = const(60)
_AGAIN_MIN = const(8)
_AGAIN_UL = const(50)
_SEGMENTS_AHEAD = const(18)  # looked at to find a programme's end: bounded work
# By so much the noise of its sensor may call a syringe empty too early.
_NOISE_UL = const(60)

# Flow is meant to be there: priming, infusing, bolus, KVO, stopped. Bits by ST_*.
_ARMED = const(0x2B8)
# A month: no segment is longer, and no alarm asks for more.
_FAR_S = const(2_592_000)
_FAR_H = const(720)

# A battery's pace, seconds a permille in sixteenths, is taken from one change of the gauge to
# another, this far apart at least.
_PACE_S = const(60)
_PACE_PERMILLE = const(5)
_GAUGE_NOISE = const(2)  # permille; more is another battery, or was charged
_LONGEST_S = const(100_000)
_SLOWEST = const(57_600)  # an hour a permille

# The reservoir's sensor is averaged over so many seconds; what is pumped meanwhile is counted.
_SHARE = const(64)
_JUMP_UL = const(200)  # more than noise: another reservoir


class Battery:
    """Minutes left on the battery, from how fast its gauge has fallen."""

    __slots__ = ("_changed", "_pace", "_permille", "_since_permille", "_since_s", "minutes")

    def __init__(self):
        self.minutes = UNKNOWN
        self._pace = 0  # 0: not known yet
        self._forget()

    def second(self, seconds, permille, on_mains):
        """Take the gauge; `minutes` is UNKNOWN on mains and until the gauge has moved enough."""
        if on_mains:
            self._forget()
            self.minutes = UNKNOWN
            return
        if self._since_s < _LONGEST_S:
            self._since_s += seconds
        if self._permille < 0 or permille > self._permille + _GAUGE_NOISE:
            self._permille = permille
            self._since_permille = UNKNOWN
        elif permille < self._permille:
            self._permille = permille
            self._fell(permille)
        if self._pace:
            self.minutes = self._permille * self._pace // 960

    def _fell(self, permille):
        # From one edge to another: where the gauge stands between two of its marks is not seen.
        fallen = self._since_permille - permille
        if self._since_permille < 0:
            fallen = 0
        elif self._since_s < _PACE_S or fallen < _PACE_PERMILLE:
            return
        else:
            pace = min(self._since_s * 16 // fallen, _SLOWEST)
            self._pace = self._pace + (pace - self._pace) // 4 if self._pace else pace
        self._since_permille = permille
        self._since_s = 0

    def _forget(self):
        """Keep the pace of the last time, and nothing of where the gauge stood."""
        self._permille = UNKNOWN
        self._since_permille = UNKNOWN
        self._since_s = 0


class Reservoir:
    """Volume in a syringe: a noisy sensor, steadied by the motor's own count."""

    __slots__ = ("_held", "_pumped_ul", "ul")

    def __init__(self):
        self.ul = UNKNOWN
        self._held = 0  # in 1/64 µL
        self._pumped_ul = 0

    def second(self, sensed_ul, pumped_ul):
        """Take the sensor (-1: none), and what has been pumped since some moment in the past."""
        moved = pumped_ul - self._pumped_ul
        self._pumped_ul = pumped_ul
        if sensed_ul < 0:
            self.ul = UNKNOWN
            return
        off = sensed_ul - self.ul + moved
        if self.ul < 0 or off > _JUMP_UL or off < -_JUMP_UL:
            self._held = sensed_ul * _SHARE
        else:
            self._held -= moved * _SHARE
            self._held += sensed_ul - self._held // _SHARE
        self.ul = max(self._held // _SHARE, 0)


class Estimates:
    """Writes minutes left into `Status`, and raises the alarms that go by them."""

    __slots__ = ("_battery", "_reservoir")

    def __init__(self):
        self._battery = Battery()
        self._reservoir = Reservoir()

    def second(self, seconds, r, status, dose, alarms):
        """Look at what is left after `seconds`; `dose` is the Delivery that runs."""
        self._power(seconds, r, status, alarms)
        rate = status.rate_ul_h
        bolus_ul = status.bolus_left_ul if status.bolus else 0
        infusing = status.delivery == t.ST_INFUSING or status.delivery == t.ST_BOLUS
        end_s = _FAR_S
        if infusing:
            rate = dose.profile.rate_ul_h  # a bolus is over soon: its volume counts, not its rate
            end_s = self._end_s(dose, rate, bolus_ul)
        again = _AGAIN_S if alarms.is_shown(al.AL_NEAR_END) else 0
        alarms.set(al.AL_NEAR_END, end_s <= FINAL_S + again)
        self._reservoir.second(r.reservoir_ul, dose.delivered.ul)
        held_ul = self._reservoir.ul
        if held_ul >= 0:
            left_ul = held_ul - EMPTY_UL - bolus_ul
            self._fluid(held_ul, volume_s(left_ul - _NOISE_UL, rate), status, alarms)
            end_s = volume_s(left_ul, rate)
        status.reservoir_min = end_s // 60 if rate > 0 and end_s < _FAR_S else UNKNOWN

    def _power(self, seconds, r, status, alarms):
        on_mains = r.flags & RF_MAINS != 0
        permille = r.battery_permille
        self._battery.second(seconds, permille, on_mains)
        minutes = status.battery_min = self._battery.minutes
        early = BATTERY_EARLY_MIN + (_AGAIN_MIN if alarms.is_shown(al.AL_BATTERY_LOW) else 0)
        low = permille < BATTERY_EARLY_PERMILLE or 0 <= minutes <= early
        alarms.set(al.AL_BATTERY_LOW, low and not on_mains)
        if permille < BATTERY_FINAL_PERMILLE or 0 <= minutes <= BATTERY_FINAL_MIN:
            alarms.escalate(al.AL_BATTERY_LOW)

    def _fluid(self, held_ul, left_s, status, alarms):
        again = alarms.is_shown(al.AL_RESERVOIR_LOW)
        low = left_s <= RESERVOIR_EARLY_S + (_AGAIN_S if again else 0)
        low = low or held_ul < RESERVOIR_LOW_UL + (_AGAIN_UL if again else 0)
        empty = alarms.present >> al.AL_EMPTY & 1
        alarms.set(al.AL_RESERVOIR_LOW, bool(low and not empty and _ARMED >> status.delivery & 1))
        if left_s <= FINAL_S:
            alarms.escalate(al.AL_RESERVOIR_LOW)

    def _end_s(self, dose, rate, bolus_ul):
        vtbi = dose.vtbi
        return programme_s(dose.profile, rate, max(vtbi.ul - bolus_ul, 0) if vtbi.limited else UNKNOWN)


def volume_s(ul, rate_ul_h):
    """Seconds that `ul` last at `rate_ul_h`, at most _FAR_S."""
    if ul <= 0:
        return 0
    if rate_ul_h <= 0 or ul // rate_ul_h >= _FAR_H:
        return _FAR_S
    rest = ul % rate_ul_h * 60  # in minutes and then in seconds: × 3600 would not stay small
    return ul // rate_ul_h * 3600 + rest // rate_ul_h * 60 + rest % rate_ul_h * 60 // rate_ul_h


def programme_s(profile, rate_ul_h, ul):
    """Seconds to the end of what runs, at most _FAR_S.

    `rate_ul_h` is that of now, `ul` what is left to infuse, -1 for no such bound.
    """
    rx = profile.rx
    if rx is None or profile.done:
        return _FAR_S
    place = profile.index
    cycle = profile.cycle
    seconds = _FAR_S
    if rx.seg_duration_s[place] and profile.override_ul_h < 0:
        seconds = rx.seg_duration_s[place] - profile.second
    held_ul = UNKNOWN  # what the segment holds, where it is that which ends it
    if profile.left.limited and _ends_first(profile.left.ul, seconds, rate_ul_h):
        held_ul = profile.left.ul
        seconds = volume_s(held_ul, rate_ul_h)
    total = 0
    for _ in range(_SEGMENTS_AHEAD):
        if ul >= 0:
            given_ul = held_ul if held_ul >= 0 else _given_ul(seconds, rate_ul_h)
            if ul <= given_ul:
                return min(total + volume_s(ul, rate_ul_h), _FAR_S)
            ul -= given_ul
        total += seconds
        place += 1
        if cycle + 1 >= rx.cycles and (place >= rx.segments or rx.cycles > 1):
            return min(total, _FAR_S)  # as Profile ends: with its last segment, or with the last of several doses
        if place >= rx.segments:
            place = 0
            cycle += 1
        rate_ul_h = rx.seg_rate_ul_h[place]
        seconds = rx.seg_duration_s[place] if rx.seg_duration_s[place] else _FAR_S
        held_ul = rx.seg_volume_ul[place]
        if held_ul and _ends_first(held_ul, seconds, rate_ul_h):
            seconds = volume_s(held_ul, rate_ul_h)
        else:
            held_ul = UNKNOWN
    return _FAR_S


def _ends_first(ul, seconds, rate_ul_h):
    """Whether `ul` are given before `seconds` are over, and not within the same one after."""
    return volume_s(ul, rate_ul_h) < seconds or ul <= _given_ul(seconds, rate_ul_h)


def _given_ul(seconds, rate_ul_h):
    """What flows in `seconds`, rounded down; each product stays small."""
    whole = seconds // 3600 * rate_ul_h + seconds % 3600 // 60 * rate_ul_h // 60
    return whole + seconds % 60 * rate_ul_h // 3600
