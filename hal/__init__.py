"""The hardware abstraction layer: contracts in `ports`, one room per board."""
