"""Tests that fail on anything, for a mutant of the claim: not collected by name."""


def test_fails():
    raise AssertionError
