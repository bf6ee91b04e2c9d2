"""The signals that a property may name: one table, with units, and the recorder that fills it.

One sample a second. A condition (+1 where it holds, else -1) or a count that changes between two seconds and back is
still seen, in one sample: a second that hides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from firmware.therapy.library import Library
from simulator.names import ALARMS, PRIORITIES
from simulator.scenario.formula import Vocabulary

if TYPE_CHECKING:
    from simulator.runner import Recorder
    from simulator.scenario.stage import Stage

# From the unit of a patient model to µg/L; a drug dosed in units has units/L instead.
_PER_LITRE = {"ng/mL": 1.0, "µg/mL": 1000.0, "mg/L": 1000.0, "units/L": 1.0}
# Only what has been running can be wrong by a percentage: below this the error is taken of this much.
_LEAST_ML = 0.1


@dataclass(frozen=True)
class Moment:
    """What can be looked at: the stage, and the second that the recorder has just taken."""

    stage: Stage
    recorder: Recorder

    @property
    def world(self) -> Any:
        """The world that is played in."""
        return self.stage.world

    @property
    def status(self) -> Any:
        """What the pump shows."""
        return self.stage.world.status

    def last(self, name: str) -> float:
        """The newest sample of one of the run's own signals, 0 where there is none yet."""
        values = self.recorder.result.signals[name]
        return values[-1] if values else 0.0


@dataclass(frozen=True)
class Signal:
    """A signal by name. unit '' and is_condition: +1 or -1. needs: '', 'people', 'attack', 'concentration' or 'effect'.

    changes: it may change between two seconds and back, and is looked at each tick.
    """

    name: str
    unit: str
    says: str
    of: Callable[[Moment], float]
    is_condition: bool = False
    changes: bool = False
    needs: str = ""


def _delivered(m: Moment) -> float:
    return m.last("delivered_ul") / 1000


def _prescribed(m: Moment) -> float:
    return m.last("commanded_ul") / 1000


def _error_pct(m: Moment) -> float:
    return 100 * (_delivered(m) - _prescribed(m)) / max(_prescribed(m), _LEAST_ML)


def _shift(m: Moment) -> float:
    return _delivered(m) - m.stage.undisturbed_ml(m.last("t_s"))


def _per_litre(name: str) -> Callable[[Moment], float]:
    def of(m: Moment) -> float:
        unit = m.recorder.unit
        return m.last(name) * _PER_LITRE[unit] if unit else 0.0

    return of


def _shown(priority: int) -> Callable[[Moment], float]:
    codes = [code for code in ALARMS if al.traits(code) & 3 == priority]

    def of(m: Moment) -> float:
        return float(sum(_rings(m.status, code) for code in codes))

    return of


def _rings(status: Any, code: int) -> int:
    mask, bit = (status.trust_alarms, code - al.TRUST_BASE) if code >= al.TRUST_BASE else (status.therapy_alarms, code)
    return int(mask >> bit & 1)


def _audited(name: str, says: str) -> Signal:
    return Signal(f"audit_{name}", "", says, lambda m: float(m.stage.audited.count(name)), needs="people")


def _library(m: Moment) -> Any:
    """The drug library that the firmware has read; None where it is dark or in another process."""
    return getattr(getattr(m.world.home, "app", None), "library", None)


def _is_loose(m: Moment) -> bool:
    """Whether its entries are other than those that came with the pump."""
    library = _library(m)
    return bool(library) and library.entries > 0 and library.crc != Library(m.world.library).crc


def _heard(name: str) -> Callable[[Moment], float]:
    return lambda m: float(getattr(m.stage.heard, name))


_QUANTITIES = (
    Signal("delivered", "mL", "volume that has reached the patient, by the plant", _delivered),
    Signal("prescribed", "mL", "volume that was asked for; it goes on through a stop that nobody ordered", _prescribed),
    Signal("overdelivered", "mL", "delivered less prescribed", lambda m: _delivered(m) - _prescribed(m)),
    Signal("dose_error", "%", "delivered against prescribed, of the prescribed (of 0.1 mL at least)", _error_pct),
    Signal(
        "dose_shift", "mL", "delivered, less what the same run delivers by then without the adversary", _shift,
        needs="attack",
    ),
    Signal("flow", "mL/h", "mean flow into the patient in the last second", lambda m: m.last("delivered_ul_h") / 1000),
    Signal("prescribed_rate", "mL/h", "rate that was asked for", lambda m: m.last("prescribed_ul_h") / 1000),
    Signal("rate", "mL/h", "rate that the pump asks of its motor", lambda m: m.status.rate_ul_h / 1000, changes=True),
    Signal("pressure", "mmHg", "pressure in the line towards the patient, by the plant", lambda m: m.last("down_mmhg")),
    Signal(
        "pressure_upstream", "mmHg", "pressure towards the reservoir, by the plant",
        lambda m: m.world.plant.up_mmhg(m.world.clock.ms),
    ),
    Signal("reservoir", "mL", "left in the reservoir", lambda m: m.world.plant.reservoir_ul(m.world.clock.ms) / 1000),
    Signal(
        "concentration", "ug/L", "in the patient's plasma (units/L of a drug dosed in units)", _per_litre("plasma"),
        needs="concentration",
    ),
    Signal("effect", "ug/L", "at the site of effect, where a model of it is published", _per_litre("effect"),
           needs="effect"),
    Signal("trust", "", "0 normal, 1 offline, 2 suspect, 3 isolated, 4 recovery", lambda m: float(m.status.trust),
           changes=True),
    Signal("priority", "", "of the alarm shown first: 0 none, 1 low, 2 medium, 3 high",
           lambda m: float(m.status.priority), changes=True),
    *(
        Signal(f"alarms_{PRIORITIES[level]}", "", f"how many alarms of {PRIORITIES[level]} priority are shown",
               _shown(level), changes=True)
        for level in (3, 2, 1)
    ),
    Signal("accepted", "", "requests that the pump said yes to, so far; the key service's of the time is one",
           _heard("accepted"), needs="people"),
    Signal("refused", "", "requests that it said no to, so far", _heard("refused"), needs="people"),
    Signal("hostile_accepted", "", "of the adversary's requests, those that it said yes to", _heard("hostile_accepted"),
           needs="people"),
    Signal("hostile_refused", "", "of the adversary's requests, those that it said no to", _heard("hostile_refused"),
           needs="people"),
    Signal("operator", "", "number of whoever is logged in at the bedside, 0 for nobody",
           lambda m: float(m.status.operator), changes=True, needs="people"),
    Signal("unheard", "", "facts of the pump's that never arrived, by the gaps in their numbers", _heard("gaps"),
           needs="people"),
    _audited("accepted", "requests that the audit has noted as accepted"),
    _audited("refused", "requests that it has noted as refused"),
    _audited("confirmed", "confirmations at the bedside that it has noted"),
    _audited("logins", "logins that it has noted"),
    _audited("logins_refused", "wrong PINs and answers of cards that it has noted"),
    _audited("changed", "changes of a running dose that it has noted"),
    _audited("libraries", "drug libraries and root records taken in force that it has noted"),
    _audited("libraries_refused", "those that it has noted as refused at a start, for whatever reason"),
    _audited("records", "records that the store holds of it"),
    _audited("glass", "beginnings and ends of break-glass that it has noted"),
    _audited("broken", "times that it was found broken"),
    Signal("spoken", "", "facts that the pump has made so far", lambda m: float(len(m.stage.reader.facts)),
           needs="people"),
    Signal("staged", "", "what was carried to the pump: 0 nothing, 1 comes, 2 whole and as announced, 3 another",
           lambda m: float(m.stage.staged), needs="people"),
    Signal("library_number", "", "of the drug library that the pump reads; 0 for none, and while it is dark",
           lambda m: float(_library(m).sequence) if _library(m) else 0.0, needs="people"),
    Signal("local_accepted", "", "what the pump said ok to at its local port",
           lambda m: float(m.stage.port_said(b"ok")), needs="people"),
    Signal("let_in", "", "connections of the adversary's that broker or pump took for one of the site's",
           lambda m: float(m.stage.let_in), needs="people"),
    Signal("ward_rate", "mL/h", "rate that the ward is shown", lambda m: m.stage.ward.rate_ml_h, needs="people"),
    Signal("ward_alarms", "", "alarms of the pump that the ward is shown", lambda m: float(m.stage.ward.alarms),
           needs="people"),
    Signal("ward_false", "", "facts that the ward believed and the pump never said",
           lambda m: float(m.stage.ward.false), needs="people"),
)  # fmt: skip


def _where(name: str, says: str, holds: Callable[[Moment], bool], needs: str = "") -> Signal:
    return Signal(name, "", says, lambda m: 1.0 if holds(m) else -1.0, True, True, needs)


def _delivery(code: int) -> Callable[[Moment], bool]:
    return lambda m: m.status.delivery == code


def _trust(code: int) -> Callable[[Moment], bool]:
    return lambda m: m.status.trust == code


def _alarm(code: int) -> Callable[[Moment], bool]:
    return lambda m: _rings(m.status, code) == 1


def _told(name: str) -> Callable[[Moment], bool]:
    return lambda m: bool(m.stage.ward.shows(name))


_CONDITIONS = (
    *(
        _where(f"delivery_{name.replace('-', '_')}", f"the delivery state is {name}", _delivery(code))
        for code, name in enumerate(t.DELIVERY_NAMES)
    ),
    *(_where(f"trust_{name}", f"the trust state is {name}", _trust(code)) for code, name in enumerate(t.TRUST_NAMES)),
    *(
        _where(name.lower().replace("al_", "alarm_", 1), f"alarm: {ALARMS[code]}", _alarm(code))
        for name, code in vars(al).items()
        if name.startswith("AL_") and code in ALARMS
    ),
    _where("running", "the motor is asked to turn", lambda m: m.status.rate_ul_h > 0),
    _where("sounding", "an alarm is shown and its sound is not paused",
           lambda m: m.status.priority > 0 and not m.status.silenced),
    _where("link_up", "the network has a carrier", lambda m: m.world.plant.link_up),
    _where("offered", "a dose that was asked for from afar waits for a person", lambda m: m.status.offered_milli >= 0),
    _where("logged_in", "somebody is logged in at the bedside", lambda m: m.status.operator > 0, needs="people"),
    *(
        _where(f"ward_{name}", f"the ward is told: {says}", _told(name), needs="people")
        for name, says in (
            ("silent", "the pump says nothing"), ("offline", "the broker says that the pump is gone"),
            ("delayed", "what it says comes late"), ("missing", "something that it said never came"),
            ("tampered", "something came that no pump has said"),
        )
    ),
    _where("library_other", "the limits of the drug library that the pump reads are others than it came with",
           _is_loose, needs="people"),
    _where("dark", "no firmware runs: without power, or not yet booted again", lambda m: m.world.is_dark),
)  # fmt: skip

SIGNALS: dict[str, Signal] = {signal.name: signal for signal in (*_QUANTITIES, *_CONDITIONS)}
VOCABULARY = Vocabulary(
    {signal.name: signal.unit for signal in _QUANTITIES}, frozenset(signal.name for signal in _CONDITIONS)
)


class Sampler:
    """Samples the named signals. Call `tick` after each tick, with whether a second has just been recorded."""

    def __init__(self, names: list[str], moment: Moment) -> None:
        self._moment = moment
        self._signals = [SIGNALS[name] for name in names]
        self._changing = [signal for signal in self._signals if signal.changes]
        self.times: list[float] = []
        self.values: dict[str, list[float]] = {name: [] for name in names}
        self._strayed: dict[str, float] = {}  # a value of this second that its samples would not show

    def tick(self, is_second: bool) -> None:
        """Look at what may change at any tick; on a full second, take the sample."""
        moment = self._moment
        if not is_second:
            for signal in self._changing:
                values = self.values[signal.name]
                value = signal.of(moment)
                if values and value != values[-1]:
                    self._strayed[signal.name] = value
            return
        now_s = moment.world.clock.ms / 1000
        while self.times and now_s - self.times[-1] > 1:  # a second that a stall of the pump has swallowed
            self.times.append(self.times[-1] + 1)
            for values in self.values.values():
                values.append(values[-1])
        self.times.append(now_s)
        for signal in self._signals:
            values = self.values[signal.name]
            value = signal.of(moment)
            if values and value == values[-1]:
                value = self._strayed.get(signal.name, value)
            values.append(value)
        self._strayed.clear()
