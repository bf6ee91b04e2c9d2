"""What stands on the simulator: the command line, claims, charts, checks and benchmarks."""
