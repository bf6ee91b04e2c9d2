"""Faults of the sensors and keys: filters over what the board has measured.

A filter gets the readings and the time after the board has written them, and changes its own
field alone. What the plant knows stays true: only the firmware is told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hal import ports
from hal.compat import MASK
from simulator.faults.kind import Apply, Kind, Parameter, Undo, Values
from simulator.files.timeline import KEYS
from simulator.noise import Noise

if TYPE_CHECKING:
    from simulator.world import World

Filter = Callable[[ports.Readings, int], None]
_TICK_MS = 100


def filtered(make: Callable[[World, Values], Filter]) -> Apply:
    """A fault that lies as a filter on the board's readings; `make` builds it when it strikes."""

    def apply(world: World, values: Values) -> Undo:
        found = make(world, values)
        world.board.filters.append(found)
        return lambda: world.board.filters.remove(found)

    return apply


def _held(field: str) -> Apply:
    """The value of the first reading after the fault, for ever."""

    def make(world: World, values: Values) -> Filter:
        kept: list[int] = []

        def stay(r: ports.Readings, ms: int) -> None:
            if not kept:
                kept.append(getattr(r, field))
            setattr(r, field, kept[0])

        return stay

    return filtered(make)


def _fixed(field: str, value: int) -> Apply:
    return filtered(lambda world, values: lambda r, ms: setattr(r, field, value))


def _at(field: str) -> Apply:
    return filtered(lambda world, values: lambda r, ms: setattr(r, field, values["to"]))


def _moved(field: str, low: int, high: int) -> Apply:
    """The true value and so much more, within the converter's rails."""

    def make(world: World, values: Values) -> Filter:
        by = values["by"]
        return lambda r, ms: setattr(r, field, min(max(getattr(r, field) + by, low), high))

    return filtered(make)


def _noisy(field: str, channel: int, low: int, high: int) -> Apply:
    def make(world: World, values: Values) -> Filter:
        noise = Noise(world.seed, channel, float(values["sigma"]))

        def shake(r: ports.Readings, ms: int) -> None:
            setattr(r, field, min(max(getattr(r, field) + noise.at(ms // _TICK_MS), low), high))

        return shake

    return filtered(make)


def _jumped(field: str) -> Apply:
    """A counter that has jumped once counts on from there."""
    return filtered(lambda world, values: lambda r, ms: setattr(r, field, getattr(r, field) + values["by"] & MASK))


def _geared(field: str, permille: int) -> Apply:
    """A counter that counts so many in a thousand of its steps, from the fault on."""

    def make(world: World, values: Values) -> Filter:
        origin: list[int] = []

        def gear(r: ports.Readings, ms: int) -> None:
            value = getattr(r, field)
            if not origin:
                origin.append(value)
            setattr(r, field, origin[0] + (value - origin[0]) * permille // 1000 & MASK)

        return gear

    return filtered(make)


def _dripping(world: World, values: Values) -> Filter:
    since = world.clock.ms

    def drip(r: ports.Readings, ms: int) -> None:
        r.drips = r.drips + (ms - since) // values["each"] & MASK

    return drip


def _flag(bit: int, holds: bool) -> Apply:
    def set_(r: ports.Readings, ms: int) -> None:
        r.flags |= bit

    def clear(r: ports.Readings, ms: int) -> None:
        r.flags &= ~bit

    return filtered(lambda world, values: set_ if holds else clear)


def _air_blind(world: World, values: Values) -> Undo:
    world.plant.disturb("air_gate_dead", world.clock.ms)
    shut = _flag(ports.RF_AIR, False)(world, values)

    def undo() -> None:
        if shut is not None:
            shut()
        world.plant.disturb("air_gate_works", world.clock.ms)

    return undo


def _keys_dead(r: ports.Readings, ms: int) -> None:
    r.key = ports.KEY_NONE


def _key_stuck(world: World, values: Values) -> Filter:
    key = KEYS[values["key"]]

    def press(r: ports.Readings, ms: int) -> None:
        if r.key == ports.KEY_NONE:
            r.key = key

    return press


def _key_alone(world: World, values: Values) -> None:
    world.board.press(KEYS[values["key"]])


def _by(unit: str, default: int, reach: int) -> tuple[Parameter, ...]:
    return (Parameter("by", unit, default, -reach, reach, "how far off it is"),)


def _sigma(unit: str, default: int, high: int) -> tuple[Parameter, ...]:
    return (Parameter("sigma", unit, default, 1, high, "standard deviation"),)


def _sensor(name: str, says: str, apply: Apply, parameters: tuple[Parameter, ...] = ()) -> Kind:
    return Kind(name, "sensors", says, apply, parameters)


_MMHG = (-100, 1_499)
_JITTER = _sigma("steps", 12, 1_000)
_OFF_DOWN, _OFF_UP, _SHAKEN = _by("mmhg", -150, 1_600), _by("mmhg", 150, 1_600), _sigma("mmhg", 60, 800)
_KEY = Parameter("key", "", "start", 0, 0, "which key", tuple(KEYS))

KINDS = (
    _sensor("step_count_stuck", "the step counter stands while the generator runs", _held("step_count")),
    _sensor("step_count_jump", "the step counter is off", _jumped("step_count"), _by("steps", 4_096, 1 << 28)),
    _sensor("step_count_half", "the step counter counts every second step", _geared("step_count", 500)),
    _sensor("encoder_stuck", "the drive encoder stands", _held("encoder_count")),
    _sensor("encoder_jump", "the encoder is off", _jumped("encoder_count"), _by("steps", 4_096, 1 << 28)),
    _sensor("encoder_double", "the encoder counts each step twice", _geared("encoder_count", 2_000)),
    _sensor("encoder_half", "the encoder counts every second step", _geared("encoder_count", 500)),
    _sensor("encoder_noisy", "the encoder's count jitters", _noisy("encoder_count", 101, 0, MASK), _JITTER),
    _sensor("down_pressure_stuck", "the downstream pressure stays at its last value", _held("down_mmhg")),
    _sensor("down_pressure_high", "the downstream pressure is at its upper rail", _fixed("down_mmhg", _MMHG[1])),
    _sensor("down_pressure_low", "the downstream pressure is at its lower rail", _fixed("down_mmhg", _MMHG[0])),
    _sensor("down_pressure_offset", "the downstream pressure is off", _moved("down_mmhg", *_MMHG), _OFF_DOWN),
    _sensor("down_pressure_noisy", "the downstream pressure is noisy", _noisy("down_mmhg", 102, *_MMHG), _SHAKEN),
    _sensor("up_pressure_stuck", "the upstream pressure stays at its last value", _held("up_mmhg")),
    _sensor("up_pressure_high", "the upstream pressure is at its upper rail", _fixed("up_mmhg", _MMHG[1])),
    _sensor("up_pressure_low", "the upstream pressure is at its lower rail", _fixed("up_mmhg", _MMHG[0])),
    _sensor("up_pressure_offset", "the upstream pressure is off", _moved("up_mmhg", *_MMHG), _OFF_UP),
    _sensor("up_pressure_noisy", "the upstream pressure is noisy", _noisy("up_mmhg", 103, *_MMHG), _SHAKEN),
    _sensor("drips_stuck", "the drip counter stands", _held("drips")),
    _sensor(
        "drips_extra", "drops are counted that did not fall", filtered(_dripping),
        (Parameter("each", "ms", 500, 100, 60_000, "time from one to the next"),),
    ),
    _sensor("reservoir_stuck", "the level of the reservoir stays at its last value", _held("reservoir_ul")),
    _sensor("reservoir_zero", "the level reads empty", _fixed("reservoir_ul", 0)),
    _sensor("reservoir_full", "the level reads full", _fixed("reservoir_ul", 60_000)),
    _sensor("reservoir_absent", "the level is not sensed", _fixed("reservoir_ul", -1)),
    _sensor("size_wrong", "another barrel is sensed", _at("size_um"), (
        Parameter("to", "", 19_130, 0, 60_000, "diameter, µm"),
    )),
    _sensor("size_absent", "the barrel is not sensed", _fixed("size_um", -1)),
    _sensor("battery_stuck", "the charge of the battery stays at its last value", _held("battery_permille")),
    _sensor("battery_zero", "the battery reads empty", _fixed("battery_permille", 0)),
    _sensor("battery_full", "the battery reads full", _fixed("battery_permille", 1_000)),
    _sensor("temperature_stuck", "the temperature stays at its last value", _held("temperature_dc")),
    _sensor("temperature_high", "the temperature is at its upper rail", _fixed("temperature_dc", 1_500)),
    _sensor("temperature_low", "the temperature is at its lower rail", _fixed("temperature_dc", -550)),
    _sensor("door_says_open", "the door is sensed open", _flag(ports.RF_DOOR_OPEN, True)),
    _sensor("door_says_closed", "an open door is not sensed by the firmware", _flag(ports.RF_DOOR_OPEN, False)),
    _sensor("clamp_says_open", "the clamp, or the set, is sensed out of place", _flag(ports.RF_CLAMP_OPEN, True)),
    _sensor("clamp_says_closed", "a lifted clamp is not sensed", _flag(ports.RF_CLAMP_OPEN, False)),
    _sensor("plunger_says_off", "the plunger is sensed off", _flag(ports.RF_PLUNGER_OFF, True)),
    _sensor("plunger_says_on", "a plunger that is off is not sensed", _flag(ports.RF_PLUNGER_OFF, False)),
    _sensor("air_says_air", "the detector sees air that is not there", _flag(ports.RF_AIR, True)),
    _sensor("air_blind", "the detector sees no air, and its gate does not shut", _air_blind),
    _sensor("mains_says_off", "mains power is not sensed", _flag(ports.RF_MAINS, False)),
    _sensor("mains_says_on", "mains power is sensed where there is none", _flag(ports.RF_MAINS, True)),
    _sensor("key_switch_says_on", "the key switch reads turned", _flag(ports.RF_KEY_SWITCH, True)),
    _sensor("key_switch_says_off", "a turned key switch is not read", _flag(ports.RF_KEY_SWITCH, False)),
    _sensor("stop_flag_on", "the Stop key is read as held", _flag(ports.RF_STOP_HELD, True)),
    _sensor("stop_flag_off", "a held Stop key is not read", _flag(ports.RF_STOP_HELD, False)),
    _sensor("gate_flag_on", "the hardware gate reads shut", _flag(ports.RF_GATE_SHUT, True)),
    _sensor("gate_flag_off", "a shut gate is not read", _flag(ports.RF_GATE_SHUT, False)),
    _sensor("motor_flag_on", "the motor driver reports a fault", _flag(ports.RF_MOTOR_FAULT, True)),
    _sensor("link_says_up", "the link reads as up", _flag(ports.RF_LINK_UP, True)),
    _sensor("link_says_down", "the link reads as down", _flag(ports.RF_LINK_UP, False)),
    Kind("keys_dead", "keys", "no key reaches the firmware; Stop still shuts the gate", filtered(
        lambda world, values: _keys_dead
    )),
    Kind("key_stuck", "keys", "a key is pressed again at each turn", filtered(_key_stuck), (_KEY,)),
    Kind("key_alone", "keys", "a key is pressed by nobody", _key_alone, (_KEY,), lasts=False),
)  # fmt: skip
