"""Stand-ins for rooms of the firmware: in the simulator only, never in a device build."""
