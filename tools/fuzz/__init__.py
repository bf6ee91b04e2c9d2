"""Hostile bytes for what reads bytes."""
