"""The check of small integers sees each kind of operator, and only while it watches."""

import sys

import pytest

from tools.checked_arithmetic import HIGH, LOW, Checked


def run(body):
    """Run `body` as if it were the end of hal.compat, while watched; return the findings' values."""
    checked = Checked({"hal.compat": lambda source: f"{source}\n\ndef probe(a, b):\n    {body}\n"})
    module = checked.load("hal.compat")
    checked.watching = True
    module.probe(HIGH, 1)
    return list(checked.findings.values())


@pytest.mark.parametrize("body", ["a + b", "a *= 2", "b << 30", "x = [a]; x[0] += b", "-(-a - 2)", "(a + b) - b"])
def test_every_operator_is_seen(body):
    assert run(body)


@pytest.mark.parametrize("body", ["a - b", "-a - 1", "~a", "a ^ b", "not a", "'%d' % a", "a < b"])
def test_what_stays_small_is_let_through(body):
    assert run(body) == []


def test_the_ends_of_the_range_are_a_picos():
    assert (LOW, HIGH) == (-(2**30), 2**30 - 1)


def test_nothing_is_seen_outside_the_tick_and_the_shipped_modules_stay():
    before = sys.modules.get("hal.compat")
    checked = Checked()
    module = checked.load("hal.compat")
    module.ticks_add(2**40, 2**40)
    assert checked.findings == {}
    assert module is not before
    assert sys.modules.get("hal.compat") is before
