"""Scenarios as data: drug libraries and programmes in YAML. Read by simulator/files."""
