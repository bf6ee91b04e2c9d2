"""Faults of the physical world: the plant's disturbances, under the names of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.faults.kind import Apply, Kind, Parameter, Undo, Values

if TYPE_CHECKING:
    from simulator.world import World


def _disturb(on: str, off: str = "", **names: str) -> Apply:
    """Disturb the plant, each of its arguments from the parameter named; `off` ends it."""

    def apply(world: World, values: Values) -> Undo | None:
        arguments = {argument: values[name] for argument, name in names.items()}
        world.plant.disturb(on, world.clock.ms, **arguments)
        return (lambda: world.plant.disturb(off, world.clock.ms)) if off else None

    return apply


def _overheats(world: World, values: Values) -> Undo:
    before = world.plant.temperature_dc
    world.plant.disturb("temperature", world.clock.ms, dc=values["to"])
    return lambda: world.plant.disturb("temperature", world.clock.ms, dc=before)


KINDS = (
    Kind("occlusion_downstream", "line", "the line to the patient is closed", _disturb(
        "occlude_downstream", "clear_occlusion"
    )),
    Kind("occlusion_upstream", "line", "the line from the reservoir is closed", _disturb(
        "occlude_upstream", "clear_occlusion"
    )),
    Kind("air_bubble", "line", "a bubble comes to the detector (volumetric)", _disturb("air", ul="volume"), (
        Parameter("volume", "ul", 200, 1, 100_000, "how long it is"),
    ), lasts=False),
    Kind("door_opened", "line", "the door is opened (volumetric)", _disturb("door_open", "door_close")),
    Kind("clamp_lifted", "line", "the barrel clamp is lifted, or the set taken out", _disturb(
        "clamp_open", "clamp_close"
    )),
    Kind("plunger_released", "line", "the plunger leaves the driver (syringe)", _disturb("plunger_off", "plunger_on")),
    Kind("free_flow", "line", "fluid runs through the open line by its own weight", _disturb(
        "free_flow_on", "free_flow_off"
    )),
    Kind("motor_stalled", "line", "the screw stands while steps are counted", _disturb(
        "motor_stall_on", "motor_stall_off"
    )),
    Kind("case_hot", "line", "the case is hot", _overheats, (
        Parameter("to", "dc", 600, 0, 1_500, "temperature of the case"),
    )),
    Kind("mains_lost", "power", "mains power fails; the battery takes over", _disturb("mains_off", "mains_on")),
    Kind("reservoir_runs_dry", "line", "the reservoir holds less than was thought", _disturb("reservoir", ul="left"), (
        Parameter("left", "ul", 0, 0, 60_000, "what is left"),
    ), lasts=False),
    Kind("sensors_silent", "sensors", "no analogue sensor answers; each keeps its last good value", _disturb(
        "sensor_fault_on", "sensor_fault_off"
    )),
    Kind("link_lost", "link", "the network has no carrier", _disturb("link_down", "link_up")),
)  # fmt: skip
