"""Faults of the firmware's memory: a bit flips in a word of therapy, of a limit, or of a table.

Only home cpython lets anybody reach in. Every word is named by its way from the app; words that
several objects share (a prescription's segments) are looked up where they are used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from firmware.therapy import tables as t
from simulator.faults.kind import Apply, Kind, Parameter, Values, bit

if TYPE_CHECKING:
    from simulator.world import World


def controller(world: World) -> Any:
    """The running firmware's controller."""
    return world.home.app.controller  # type: ignore[attr-defined]


def _dose(world: World) -> Any:
    return controller(world).dose


def _flip(owner: Callable[[World], Any], word: str) -> Apply:
    """Flip a bit of the attribute `word`; nothing happens where its owner is not there yet."""

    def apply(world: World, values: Values) -> None:
        found = owner(world)
        if found is not None:
            setattr(found, word, getattr(found, word) ^ 1 << values["bit"])

    return apply


def _segment(word: str) -> Apply:
    """Flip a bit in the present segment of the prescription in use."""

    def apply(world: World, values: Values) -> None:
        dose = _dose(world)
        if dose.rx is not None:
            getattr(dose.rx, word)[dose.profile.index] ^= 1 << values["bit"]

    return apply


def _candidate_rate(world: World, values: Values) -> None:
    rx = _dose(world).candidate
    if rx is not None:
        rx.seg_rate_ul_h[0] ^= 1 << values["bit"]


def _state(machine: str, names: tuple[str, ...]) -> Apply:
    def apply(world: World, values: Values) -> None:
        getattr(controller(world), machine).state = names.index(values["to"])

    return apply


def _table(machine: str) -> Apply:
    """Change a byte of the rows that the engine steps."""

    def apply(world: World, values: Values) -> None:
        engine = getattr(controller(world), machine)
        rows = bytearray(engine._table)
        rows[values["byte"] % len(rows)] ^= 1 << (values["bit"] & 7)
        engine._table = bytes(rows)

    return apply


def _word(name: str, says: str, apply: Apply, which: int, where: str = "therapy") -> Kind:
    return Kind(name, where, f"a bit flips in {says}", apply, (bit(which),), lasts=False, firmware=True)


def _dosing(world: World) -> Any:
    return _dose(world).dosing


def _boluses(world: World) -> Any:
    return _dose(world).boluses


def _alarms(world: World) -> Any:
    return controller(world).alarms


def _interlocks(world: World) -> Any:
    return controller(world).interlocks


def _grant(world: World) -> Any:
    return controller(world)._grant


def guardian(world: World) -> Any:
    """The running firmware's guardian."""
    return world.home.app.therapy.guardian  # type: ignore[attr-defined]


def _permit(world: World) -> Any:
    return guardian(world).permit


def _course(world: World) -> Any:
    return _permit(world).course


def _guardian_rate(world: World, values: Values) -> None:
    rx = guardian(world).rx
    if rx is not None:
        rx.seg_rate_ul_h[0] ^= 1 << values["bit"]


def _rx(world: World) -> Any:
    return _dose(world).rx


def _to(names: tuple[str, ...], default: str) -> tuple[Parameter, ...]:
    return (Parameter("to", "", default, 0, 0, "the state it becomes", names),)


_ROW = (Parameter("byte", "", 13, 0, 10_000, "which byte, modulo the table's length"), bit(1))

KINDS = (
    _word("rx_rate_flipped", "the rate of the prescription in use", _segment("seg_rate_ul_h"), 14),
    _word("rx_volume_flipped", "the volume of the prescription's segment", _segment("seg_volume_ul"), 12),
    _word("rx_hard_limit_flipped", "the hard limit of the rate", _flip(_rx, "rate_hard_ul_h"), 20),
    _word("rx_policy_flipped", "the drug's policy", _flip(_rx, "policy"), 0),
    _word("candidate_flipped", "the rate of a prescription that is confirmed and not started", _candidate_rate, 14),
    _word("profile_rate_flipped", "the rate of the moment", _flip(lambda w: _dose(w).profile, "rate_ul_h"), 14),
    _word("profile_second_flipped", "the second of the segment", _flip(lambda w: _dose(w).profile, "second"), 12),
    _word("profile_index_flipped", "the number of the segment", _flip(lambda w: _dose(w).profile, "index"), 0),
    _word("steps_flipped", "the commanded position", _flip(_dosing, "steps"), 16),
    _word("step_rest_flipped", "the remainder below one step", _flip(_dosing, "_step_rest"), 28),
    _word("step_volume_flipped", "the volume of a step", _flip(_dosing, "step_volume"), 16),
    _word("lease_end_flipped", "the lease's end as therapy remembers it", _flip(_dosing, "_lease_end"), 16),
    _word("motor_rate_flipped", "the rate in steps", _flip(_dosing, "_rate_mhz"), 20),
    _word("commanded_flipped", "the commanded volume", _flip(lambda w: _dosing(w).commanded, "ul"), 10),
    _word("delivered_flipped", "the delivered volume", _flip(lambda w: _dose(w).delivered, "ul"), 10),
    _word("count_flipped", "the step count of the last tick", _flip(_dose, "_count"), 12),
    _word("vtbi_flipped", "the volume left to be infused", _flip(lambda w: _dose(w).vtbi, "ul"), 16),
    _word("window_flipped", "the total of the rolling limit", _flip(lambda w: _dose(w).window, "total_ul"), 14),
    _word("window_limit_flipped", "the rolling limit", _flip(lambda w: _dose(w).window, "limit_ul"), 16),
    _word("lockout_flipped", "the lock-out", _flip(_dose, "_lockout_s"), 8),
    _word("bolus_left_flipped", "what is left of the bolus", _flip(lambda w: _dose(w).boluses.left(), "ul"), 12),
    _word("bolus_rate_flipped", "the rate of the patient's bolus", _flip(_boluses, "patient_ul_h"), 19),
    _word("bolus_kind_flipped", "which bolus runs", _flip(_boluses, "kind"), 0),
    _word("kvo_rate_flipped", "the KVO rate", _flip(_dose, "_kvo_ul_h"), 14),
    _word("back_off_flipped", "the end of a back-off", _flip(_dose, "_backoff_end"), 16),
    _word("alarms_flipped", "the mask of alarms that are shown", _flip(_alarms, "therapy"), 9),
    _word("alarms_present_flipped", "the mask of alarms that are present", _flip(_alarms, "present"), 9),
    _word("hazards_flipped", "the mask of hazards", _flip(_interlocks, "hazards"), 3),
    _word("pressure_limit_flipped", "the occlusion limit", _flip(_interlocks, "pressure_mmhg"), 9),
    _word("air_limit_flipped", "the bubble's limit", _flip(_interlocks, "air_steps"), 16),
    _word("stall_limit_flipped", "the limit of the screw's lag", _flip(_interlocks, "stall_steps"), 16),
    _word("grant_flipped", "which grant waits for the store", _flip(_grant, "kind"), 1),
    _word("tick_clock_flipped", "the time of the last tick", _flip(controller, "_now_ms"), 28),
    _word("guardian_rate_flipped", "the rate of the guardian's prescription", _guardian_rate, 14, "guardian"),
    _word("guardian_steps_flipped", "the position that it permits", _flip(_permit, "steps"), 16, "guardian"),
    _word("guardian_course_flipped", "the rate that it permits", _flip(_course, "rate_ul_h"), 14, "guardian"),
    _word("guardian_state_flipped", "the state it believes in", _flip(guardian, "_state"), 1, "guardian"),
    _word("guardian_eye_flipped", "its encoder's offset", _flip(guardian, "_encoder_off"), 12, "guardian"),
    _word("guardian_trips", "its verdict", _flip(guardian, "tripped"), 0, "guardian"),
    Kind(
        "delivery_state_lost", "therapy", "the delivery state becomes another", _state("delivery", t.DELIVERY_NAMES),
        _to(t.DELIVERY_NAMES, "bolus"), lasts=False, firmware=True,
    ),
    Kind(
        "trust_state_lost", "therapy", "the trust state becomes another", _state("trust", t.TRUST_NAMES),
        _to(t.TRUST_NAMES, "normal"), lasts=False, firmware=True,
    ),
    Kind(
        "delivery_table_flipped", "tables", "a bit flips in the delivery table", _table("delivery"), _ROW,
        lasts=False, firmware=True,
    ),
    Kind(
        "trust_table_flipped", "tables", "a bit flips in the trust table", _table("trust"), _ROW,
        lasts=False, firmware=True,
    ),
)  # fmt: skip
