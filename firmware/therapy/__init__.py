"""Dose-critical rooms. Nothing here knows the network or a key."""
