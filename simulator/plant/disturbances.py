"""What may befall a pump: the names that `Plant.disturb` knows, and what each sets."""

from __future__ import annotations

DISTURBANCES = {
    "occlude_downstream": "the line to the patient is closed",
    "occlude_upstream": "the line from the reservoir is closed",
    "clear_occlusion": "both lines are open again",
    "air": "a bubble of `ul` comes, `away_ul` before the detector (0); `ul` 0 takes all air out",
    "door_open": "the door is opened; a bubble at the detector is taken out",
    "door_close": "the door is closed",
    "clamp_open": "the barrel clamp is lifted, or the set is taken out",
    "clamp_close": "the barrel clamp is closed, or the set is in place",
    "plunger_off": "the plunger leaves the driver",
    "plunger_on": "the plunger is held again",
    "mains_off": "mains power fails",
    "mains_on": "mains power is back",
    "temperature": "the case is at `dc` tenths of a degree Celsius",
    "free_flow_on": "fluid runs through the open line",
    "free_flow_off": "free flow ends",
    "motor_stall_on": "the screw stands still while steps are counted",
    "motor_stall_off": "the screw follows again",
    "sensor_fault_on": "a sensor stops answering",
    "sensor_fault_off": "the sensor answers again",
    "link_down": "the network has no carrier",
    "link_up": "the network has a carrier",
    "key_switch_on": "the key switch is turned",
    "key_switch_off": "the key switch is turned back",
    "reservoir": "the reservoir now holds `ul`",
    "stop_held": "the Stop key is down",
    "stop_released": "the Stop key is up",
}

# Those that only set one of the plant's bits.
BITS = {
    "occlude_downstream": ("occluded", True), "occlude_upstream": ("occluded_up", True),
    "door_open": ("door_open", True), "door_close": ("door_open", False),
    "clamp_open": ("clamp_open", True), "clamp_close": ("clamp_open", False),
    "plunger_off": ("plunger_off", True), "plunger_on": ("plunger_off", False),
    "free_flow_on": ("free_flow", True), "free_flow_off": ("free_flow", False),
    "motor_stall_on": ("stalled", True), "motor_stall_off": ("stalled", False),
    "sensor_fault_on": ("sensor_fault", True), "sensor_fault_off": ("sensor_fault", False),
    "link_down": ("link_up", False), "link_up": ("link_up", True),
    "key_switch_on": ("key_switch", True), "key_switch_off": ("key_switch", False),
    "stop_held": ("stop_held", True), "stop_released": ("stop_held", False),
}  # fmt: skip
