"""Hostile bytes for what reads a stranger's: coverage-guided (`kvo fuzz`, the extra `fuzz`), and a malicious broker."""
